// Says where the listeners of one worker bind, so that all workers of the process share every address.
import type { TransportAddress } from '@meltemi/wire';

/** How the sockets of a worker go together with those of the others. */
export interface SocketSharing {
  /** The number of this worker; the first is 0. */
  readonly worker: number;
  /** Other workers listen on the same ports: the kernel deals connections out (SO_REUSEPORT). */
  readonly reusePort: boolean;
  /** Where to bind for a listener that wants `address`; undefined: another worker alone listens there (a Unix socket). */
  place(listener: string, address: TransportAddress): TransportAddress | undefined | Promise<TransportAddress>;
  /** A listener that wants `address` is bound at `bound`. */
  bound(listener: string, address: TransportAddress, bound: TransportAddress): void;
}

/** For one worker. */
export const soleSockets: SocketSharing = {
  worker: 0,
  reusePort: false,
  place: (_listener, address) => address,
  bound() {},
};

/** For the first worker: it binds as configured, and tells the others which port it got where any port would do. */
export function leadingSockets(
  tell: (listener: string, address: TransportAddress, bound: TransportAddress) => void,
): SocketSharing {
  return {
    worker: 0,
    reusePort: true,
    place: (_listener, address) => address,
    bound(listener, address, bound) {
      if (isAnyPort(address)) tell(listener, address, bound);
    },
  };
}

/** For the other workers: they follow the first to the port that it got. */
export class FollowingSockets implements SocketSharing {
  readonly worker: number;
  readonly reusePort = true;
  readonly #bound = new Map<string, TransportAddress>();
  readonly #waiting = new Map<string, ((bound: TransportAddress) => void)[]>();

  constructor(worker: number) {
    this.worker = worker;
  }

  place(listener: string, address: TransportAddress): TransportAddress | undefined | Promise<TransportAddress> {
    if ('path' in address) return undefined;
    if (!isAnyPort(address)) return address;
    const key = keyOf(listener, address);
    return (
      this.#bound.get(key) ??
      new Promise((resolve) => this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]))
    );
  }

  bound(): void {}

  /** The first worker is bound there. */
  told(listener: string, address: TransportAddress, bound: TransportAddress): void {
    const key = keyOf(listener, address);
    this.#bound.set(key, bound);
    for (const resolve of this.#waiting.get(key) ?? []) resolve(bound);
    this.#waiting.delete(key);
  }
}

function isAnyPort(address: TransportAddress): boolean {
  return 'port' in address && address.port === 0;
}

function keyOf(listener: string, address: TransportAddress): string {
  return JSON.stringify([listener, address]);
}
