// Binds listening sockets, again and again while the address is taken: another listener, or a former one, may be letting go of it.
import type { Clock, Logger, Timer } from '@meltemi/base';
import type { StatsStore } from '@meltemi/telemetry';
import { listen, type ListeningSocket, type SocketOption, type Transport, type TransportAddress } from '@meltemi/wire';
import { type SocketSharing, soleSockets } from '../workers/socket-sharing.ts';
import { addressKey } from './listener-address.ts';

const RETRY_MS = 1_000;

export interface BoundSocket {
  /** Undefined until it is bound. */
  readonly address: TransportAddress | undefined;
  close(): Promise<void>;
}

export interface BindOptions {
  readonly backlog: number | undefined;
  readonly ipv6Only: boolean;
  readonly socketOptions: readonly SocketOption[];
  /** Of the listener, for messages. */
  readonly name: string;
}

export class SocketBinder {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #failures;
  /** Sockets that are closing, by address: who wants the address next waits. */
  readonly #closing = new Map<string, Promise<void>>();
  readonly sharing: SocketSharing;

  constructor(clock: Clock, logger: Logger, stats: StatsStore, sharing: SocketSharing = soleSockets) {
    this.sharing = sharing;
    this.#clock = clock;
    this.#logger = logger;
    this.#failures = stats.scope('listener_manager').counter('listener_create_failure');
  }

  bind(
    address: TransportAddress,
    options: BindOptions,
    onConnection: (transport: Transport) => void,
    onBound: () => void,
  ): BoundSocket {
    const binding = new Binding(address, options, onConnection, onBound, this);
    void binding.start();
    return binding;
  }

  /** Resolves when nobody of this process closes a socket of the address any more. */
  async free(address: TransportAddress): Promise<void> {
    await this.#closing.get(addressKey(address));
  }

  async close(address: TransportAddress, socket: ListeningSocket): Promise<void> {
    const key = addressKey(address);
    const closing = socket.close().finally(() => {
      if (this.#closing.get(key) === closing) this.#closing.delete(key);
    });
    this.#closing.set(key, closing);
    await closing;
  }

  failed(name: string, error: Error, again: () => void): Timer {
    this.#failures.increment();
    this.#logger.error(`listener ${name}: ${error.message}; trying again`);
    return this.#clock.after(RETRY_MS, again);
  }
}

class Binding implements BoundSocket {
  readonly #wanted: TransportAddress;
  readonly #options: BindOptions;
  readonly #onConnection: (transport: Transport) => void;
  readonly #onBound: () => void;
  readonly #binder: SocketBinder;
  #socket: ListeningSocket | undefined;
  /** Another worker listens there for all. */
  #elsewhere = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    address: TransportAddress,
    options: BindOptions,
    onConnection: (transport: Transport) => void,
    onBound: () => void,
    binder: SocketBinder,
  ) {
    this.#wanted = address;
    this.#options = options;
    this.#onConnection = onConnection;
    this.#onBound = onBound;
    this.#binder = binder;
  }

  get address(): TransportAddress | undefined {
    return this.#elsewhere ? this.#wanted : this.#socket?.address;
  }

  async start(): Promise<void> {
    await this.#binder.free(this.#wanted);
    const { sharing } = this.#binder;
    const place = await sharing.place(this.#options.name, this.#wanted);
    if (this.#closed) return;
    if (!place) return this.#isElsewhere();
    try {
      const { backlog, ipv6Only, socketOptions } = this.#options;
      const reusePort = sharing.reusePort && !('path' in place);
      const options = {
        ipv6Only,
        socketOptions,
        ...(backlog !== undefined && { backlog }),
        ...(reusePort && { reusePort }),
      };
      const socket = await listen(place, options, this.#onConnection);
      this.#bound(socket);
    } catch (error) {
      if (this.#closed) return;
      this.#timer = this.#binder.failed(this.#options.name, error as Error, () => void this.start());
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) await this.#binder.close(this.#wanted, socket);
  }

  #bound(socket: ListeningSocket): void {
    if (this.#closed) return void this.#binder.close(this.#wanted, socket);
    this.#socket = socket;
    this.#binder.sharing.bound(this.#options.name, this.#wanted, socket.address);
    this.#onBound();
  }

  #isElsewhere(): void {
    this.#elsewhere = true;
    this.#onBound();
  }
}
