// Finds the listener of an address: connections that were redirected go to the one that has their original destination.
import type { SocketAddress } from '@meltemi/base';
import type { Transport } from '@meltemi/wire';
import type { ActiveListener } from './active-listener.ts';

export class ListenerDirectory {
  readonly #all: () => Iterable<ActiveListener>;
  #byAddress: Map<string, ActiveListener> | undefined;

  constructor(all: () => Iterable<ActiveListener>) {
    this.#all = all;
  }

  /** A listener came, went, or has other addresses. */
  changed(): void {
    this.#byAddress = undefined;
  }

  /** False: no listener has the connection's destination. */
  handOver(transport: Transport, bytes: Buffer | undefined): boolean {
    const listener = this.#find(transport.localAddress);
    return listener?.acceptHandedOver(transport, bytes) ?? false;
  }

  /** Exactly its address, else every address with its port. */
  #find({ host, port }: SocketAddress): ActiveListener | undefined {
    const listeners = (this.#byAddress ??= this.#index());
    const exact = listeners.get(key(host, port));
    if (exact) return exact;
    if (host.includes(':')) return listeners.get(key('::', port));
    return listeners.get(key('0.0.0.0', port)) ?? listeners.get(key(COMPATIBLE, port));
  }

  #index(): Map<string, ActiveListener> {
    const listeners = new Map<string, ActiveListener>();
    for (const listener of this.#all()) {
      for (const { address, ipv6Only } of listener.serving?.settings.addresses ?? []) {
        if ('path' in address) continue;
        listeners.set(key(address.host, address.port), listener);
        if (address.host === '::' && !ipv6Only) listeners.set(key(COMPATIBLE, address.port), listener);
      }
    }
    return listeners;
  }
}

/** Stands for every IPv4 address of an IPv6 listener that takes IPv4 clients. */
const COMPATIBLE = '::ffff:0.0.0.0';

function key(host: string, port: number): string {
  return `${host}|${port}`;
}
