// One listener by name: its socket, the version that serves, and the version that warms up to replace it.
import type { Timer } from '@meltemi/base';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { TransportAddress } from '@meltemi/wire';
import { addressKey } from './listener-address.ts';
import type { ListenerParts } from './listener-parts.ts';
import { ListenerVersion } from './listener-version.ts';
import type { BoundSocket, SocketBinder } from './socket-binder.ts';

/** Envoy's initial_fetch_timeout: after it, a listener goes live without what it waits for. */
const WARMING_TIMEOUT_MS = 15_000;

export class ActiveListener {
  readonly name: string;
  readonly #parts: ListenerParts;
  readonly #binder: SocketBinder;
  readonly #onChange: () => void;
  #serving: ListenerVersion | undefined;
  #warming: ListenerVersion | undefined;
  #warmingTimer: Timer | undefined;
  #socket: BoundSocket | undefined;
  #accepting = true;

  /** `onChange`: a version went live, or the socket was bound. */
  constructor(name: string, parts: ListenerParts, binder: SocketBinder, onChange: () => void) {
    this.name = name;
    this.#parts = parts;
    this.#binder = binder;
    this.#onChange = onChange;
  }

  get serving(): ListenerVersion | undefined {
    return this.#serving;
  }

  /** Where it is bound; undefined while it isn't. */
  get address(): TransportAddress | undefined {
    return this.#socket?.address;
  }

  /** Serving and bound, with nothing that waits. */
  get settled(): boolean {
    return this.#warming === undefined && this.#socket?.address !== undefined;
  }

  /** Builds a version, which serves when it is warm. Throws a typed error, and what served goes on. */
  update(config: Listener): void {
    // A secret or table that is here already is told while the version is still being built.
    const version = new ListenerVersion(config, this.#serving, this.#parts, () => this.#promote());
    this.#dropWarming();
    this.#warming = version;
    this.#warmingTimer = this.#parts.clock.after(WARMING_TIMEOUT_MS, () => this.#goLive());
    this.#promote();
  }

  /** No new connections; those that are open are told to close. */
  drain(): void {
    this.#accepting = false;
    this.#dropWarming();
    this.#serving?.drain();
    void this.#socket?.close();
  }

  /** While draining: connections left. */
  closeIdle(): number {
    return this.#serving?.closeIdle() ?? 0;
  }

  /** The listener is gone from the configuration: connections drain. */
  remove(): void {
    this.drain();
    this.#serving?.retire();
    this.#serving = undefined;
  }

  /** Closes everything now. */
  async close(): Promise<void> {
    this.drain();
    this.#serving?.close();
    await this.#socket?.close();
  }

  #promote(): void {
    if (this.#warming?.ready) this.#goLive();
  }

  #goLive(): void {
    const version = this.#warming;
    if (!version) return;
    this.#warmingTimer?.cancel();
    this.#warming = undefined;
    const before = this.#serving;
    this.#serving = version;
    this.#bind(version, before);
    before?.retire();
    this.#onChange();
  }

  #bind(version: ListenerVersion, before: ListenerVersion | undefined): void {
    if (before && this.#socket && addressKey(before.address) === addressKey(version.address)) return;
    void this.#socket?.close();
    this.#socket = this.#binder.bind(
      version.address,
      { backlog: version.config.tcpBacklogSize, name: this.name },
      (transport) => (this.#accepting && this.#serving ? this.#serving.accept(transport) : transport.destroy()),
      this.#onChange,
    );
  }

  #dropWarming(): void {
    this.#warmingTimer?.cancel();
    const version = this.#warming;
    this.#warming = undefined;
    version?.retire();
  }
}
