// Turns a bootstrap into a running proxy: stats, clusters, listeners, configuration streams and the admin pages.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';

/** What `bin/proxy.ts` gives. Times in milliseconds. */
export interface ProxyOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** How long connections may go on after `drain` began. */
  readonly drainTimeMs: number;
  /** Wanted workers; one event loop serves for now. */
  readonly concurrency: number;
}

export interface RunningProxy {
  /** Resolves when the initial configuration is applied and the listeners are open. */
  readonly ready: Promise<void>;
  /** Bound port of the admin server; 0 without one. */
  readonly adminPort: number;
  /** Where a listener is bound (its real port when the configuration says 0); undefined while it warms or when unknown. */
  listenerAddress(name: string): { readonly host: string; readonly port: number } | undefined;
  /** Resolves when somebody asked the proxy to stop (`/quitquitquit`). */
  readonly quitRequested: Promise<void>;
  /** Stops accepting, answers with `connection: close`, and waits for connections up to the drain time. */
  drain(): Promise<void>;
  /** Closes everything now. */
  close(): Promise<void>;
}

export function runProxy(_options: ProxyOptions): Promise<RunningProxy> {
  return Promise.reject(new Error('not wired yet'));
}
