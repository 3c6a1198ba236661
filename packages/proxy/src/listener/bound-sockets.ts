// The sockets of one listener: those of addresses that stay live on through an update, the others are opened and closed.
import type { Transport, TransportAddress } from '@meltemi/wire';
import type { ListenAddress } from './listen-address.ts';
import { addressKey } from './listener-address.ts';
import type { ListenerSettings } from './listener-settings.ts';
import type { BoundSocket, SocketBinder } from './socket-binder.ts';

export class BoundSockets {
  readonly #name: string;
  readonly #binder: SocketBinder;
  readonly #onConnection: (transport: Transport) => void;
  readonly #onBound: () => void;
  #sockets: ReadonlyMap<string, BoundSocket> = new Map();

  constructor(name: string, binder: SocketBinder, onConnection: (transport: Transport) => void, onBound: () => void) {
    this.#name = name;
    this.#binder = binder;
    this.#onConnection = onConnection;
    this.#onBound = onBound;
  }

  /** Where each is bound, in the order of the configuration; undefined while it isn't. */
  get addresses(): readonly (TransportAddress | undefined)[] {
    return [...this.#sockets.values()].map((socket) => socket.address);
  }

  /** Binds what the settings name and closes what they don't. */
  bind({ addresses, backlog }: ListenerSettings): void {
    const before = this.#sockets;
    const after = new Map<string, BoundSocket>();
    for (const place of addresses) {
      const key = socketKey(place);
      if (!after.has(key)) after.set(key, before.get(key) ?? this.#bindOne(place, backlog));
    }
    this.#sockets = after;
    for (const [key, socket] of before) if (!after.has(key)) void socket.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close()));
  }

  #bindOne({ address, ipv6Only, socketOptions }: ListenAddress, backlog: number | undefined): BoundSocket {
    const options = { backlog, name: this.#name, ipv6Only, socketOptions };
    return this.#binder.bind(address, options, this.#onConnection, this.#onBound);
  }
}

/** A socket whose options change is another one. */
function socketKey({ address, ipv6Only, socketOptions }: ListenAddress): string {
  const options = socketOptions.map(
    ({ level, name, value }) => `${level}/${name}=${Buffer.from(value).toString('hex')}`,
  );
  return [addressKey(address), String(ipv6Only), ...options].join(' ');
}
