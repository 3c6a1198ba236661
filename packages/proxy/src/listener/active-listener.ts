// One listener by name: its sockets, the version that serves, and the version that warms up to replace it.
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { Transport, TransportAddress } from '@meltemi/wire';
import { BoundSockets } from './bound-sockets.ts';
import { isInbound } from './listener-address.ts';
import type { ListenerParts } from './listener-parts.ts';
import { type HandOver, ListenerVersion } from './listener-version.ts';
import type { SocketBinder } from './socket-binder.ts';

/** What a listener has to do with the others. */
export interface ListenerSurroundings {
  readonly binder: SocketBinder;
  /** Gives a connection to the listener that has its destination. */
  readonly handOver: HandOver;
  /** A version went live, or a socket was bound. */
  readonly onChange: () => void;
}

export class ActiveListener {
  readonly name: string;
  readonly #parts: ListenerParts;
  readonly #surroundings: ListenerSurroundings;
  readonly #sockets: BoundSockets;
  #serving: ListenerVersion | undefined;
  #warming: ListenerVersion | undefined;
  #accepting = true;

  constructor(name: string, parts: ListenerParts, surroundings: ListenerSurroundings) {
    this.name = name;
    this.#parts = parts;
    this.#surroundings = surroundings;
    const accept = (transport: Transport) => {
      if (this.#accepting && this.#serving && !this.#overloaded(this.#serving)) this.#serving.accept(transport);
      else transport.destroy();
    };
    this.#sockets = new BoundSockets(name, surroundings.binder, accept, surroundings.onChange);
  }

  get serving(): ListenerVersion | undefined {
    return this.#serving;
  }

  /** Where it is bound first, or known without a socket; undefined while it isn't. */
  get address(): TransportAddress | undefined {
    const settings = this.#serving?.settings;
    return settings?.bindToPort === false ? settings.addresses[0]!.address : this.#sockets.addresses[0];
  }

  /** Where else it is bound. */
  get additionalAddresses(): readonly TransportAddress[] {
    return this.#sockets.addresses.slice(1).filter((address) => address !== undefined);
  }

  get inbound(): boolean {
    const version = this.#serving ?? this.#warming;
    return version !== undefined && isInbound(version.config);
  }

  /** Serving and bound, with nothing that waits. */
  get settled(): boolean {
    return this.#warming === undefined && this.address !== undefined && !this.#sockets.addresses.includes(undefined);
  }

  /** Builds a version, which serves when it is warm. Throws a typed error, and what served goes on. */
  update(config: Listener): void {
    // A secret or table that is here already is told while the version is still being built.
    const { handOver } = this.#surroundings;
    const version = new ListenerVersion(config, this.#serving, this.#parts, handOver, () => this.#promote());
    this.#dropWarming();
    this.#warming = version;
    this.#promote();
  }

  /** Takes a connection that another listener accepted; false: it takes none now. */
  acceptHandedOver(transport: Transport, bytes: Buffer | undefined): boolean {
    if (!this.#accepting || !this.#serving) return false;
    this.#serving.acceptHandedOver(transport, bytes);
    return true;
  }

  /** No new connections; those that are open are told to close. */
  drain(): void {
    this.stop();
    this.#serving?.drain();
  }

  /** No new connections; those that are open go on. */
  stop(): void {
    this.#accepting = false;
    this.#dropWarming();
    void this.#sockets.close();
  }

  /** While draining: connections left. */
  closeIdle(): number {
    return this.#serving?.closeIdle() ?? 0;
  }

  /** The listener is gone from the configuration: connections drain. */
  remove(): void {
    this.stop();
    this.#serving?.retire();
    this.#serving = undefined;
  }

  /** Closes everything now. */
  async close(): Promise<void> {
    this.drain();
    this.#serving?.close();
    await this.#sockets.close();
  }

  /** Counted. */
  #overloaded({ stats, config }: ListenerVersion): boolean {
    const { overload } = this.#parts;
    if (!overload) return false;
    if (overload.rejectsConnections) {
      stats.cxOverloadReject.increment();
      return true;
    }
    if (config.ignoreGlobalConnLimit || !overload.atConnectionLimit) return false;
    stats.globalCxOverflow.increment();
    return true;
  }

  #promote(): void {
    if (this.#warming?.ready) this.#goLive();
  }

  #goLive(): void {
    const version = this.#warming;
    if (!version) return;
    this.#warming = undefined;
    const before = this.#serving;
    this.#serving = version;
    this.#sockets.bind(version.settings.bindToPort ? version.settings : { ...version.settings, addresses: [] });
    before?.retire(version);
    this.#surroundings.onChange();
  }

  #dropWarming(): void {
    const version = this.#warming;
    this.#warming = undefined;
    version?.retire();
  }
}
