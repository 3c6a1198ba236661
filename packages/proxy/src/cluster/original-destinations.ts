// Turns original destinations of connections into hosts, made at their first use and gone when nothing uses them.
import { isIP } from 'node:net';
import { type Clock, parseSocketAddress, type SocketAddress, type Timer } from '@meltemi/base';
import type { PickContext } from './cluster.ts';
import { plainEndpoint } from './discovery/endpoint-set.ts';
import type { Host } from './endpoint/host.ts';
import type { OriginalDstSettings } from './settings/original-dst-settings.ts';

export interface DestinationOptions {
  readonly clock: Clock;
  readonly settings: OriginalDstSettings;
  /** The host there, made where there is none. */
  readonly hostAt: (spec: ReturnType<typeof plainEndpoint>) => Host;
  readonly hosts: () => Iterable<Host>;
  readonly onGone: (hosts: readonly Host[]) => void;
  /** A header said no address. */
  readonly onBadHeader: () => void;
}

export class OriginalDestinations {
  readonly #options: DestinationOptions;
  /** Since the last cleanup. */
  readonly #used = new Set<Host>();
  #timer: Timer | undefined;

  constructor(options: DestinationOptions) {
    this.#options = options;
    this.#arm();
  }

  /** Undefined: the request has no destination. */
  pick(context: PickContext): Host | undefined {
    const { settings, hostAt } = this.#options;
    const wanted = this.#fromHeader(context) ?? context.originalDestination;
    if (!wanted) return undefined;
    const address = settings.port === 0 ? wanted : { host: wanted.host, port: settings.port };
    const host = hostAt(plainEndpoint(address));
    this.#used.add(host);
    return host;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #fromHeader({ requestHeaders }: PickContext): SocketAddress | undefined {
    const { header } = this.#options.settings;
    const value = header === undefined ? undefined : requestHeaders?.getAll(header)[0];
    if (!value) return undefined;
    const address = parseSocketAddress(value);
    if (address && isIP(address.host) !== 0) return address;
    this.#options.onBadHeader();
    return undefined;
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(this.#options.settings.cleanupMs, () => this.#cleanUp());
  }

  #cleanUp(): void {
    const gone = [...this.#options.hosts()].filter(
      (host) => !this.#used.has(host) && host.counters.connectionsActive === 0,
    );
    this.#used.clear();
    if (gone.length > 0) this.#options.onGone(gone);
    this.#arm();
  }
}
