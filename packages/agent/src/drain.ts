// Stops a proxy without cutting its callers off: ours drains by itself on SIGTERM, Envoy must be told before.
import type { Clock } from '@meltemi/base';
import { askAdmin } from './admin-client.ts';
import type { ProxyProcess } from './proxy-process.ts';

export interface DrainOptions {
  readonly proxyTakesIpc: boolean;
  readonly adminPort: number;
  readonly drainDurationMs: number;
  readonly clock: Clock;
}

/** Time for the process to end after its drain. */
const EXIT_MS = 1000;

export async function drainProxy(proxy: ProxyProcess, options: DrainOptions): Promise<void> {
  if (options.proxyTakesIpc) return proxy.stop(options.drainDurationMs + EXIT_MS);
  if (options.drainDurationMs > 0 && (await isDraining(options.adminPort))) {
    await new Promise<void>((resolve) => options.clock.after(options.drainDurationMs, resolve));
  }
  return proxy.stop(EXIT_MS);
}

function isDraining(adminPort: number): Promise<boolean> {
  return askAdmin(adminPort, '/drain_listeners?graceful', 'POST').then(
    (answer) => answer.status === 200,
    () => false,
  );
}
