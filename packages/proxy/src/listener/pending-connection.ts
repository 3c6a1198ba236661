// Brings an accepted connection to its filter chain: listener filters, another listener where one has its destination, the chain, the handshake.
import {
  type TlsHandler,
  type TlsInfo,
  type Transport,
  type TransportError,
  type TransportHandler,
  startServerTls,
} from '@meltemi/wire';
import type { Clock, Logger, Timer } from '@meltemi/base';
import type { HandshakeSeat } from './downstream-tls.ts';
import type { PeerRefusal } from '../tls/handshake-stats.ts';
import type { RefusalKind } from '../tls/peer-certificate.ts';
import type { ConnectionFacts } from './connection-facts.ts';
import type { PlacedFilter } from './filter/compile-filters.ts';
import { factsOf, type InspectedConnection } from './filter/listener-filter.ts';
import type { FilterChain } from './filter-chain.ts';
import type { ListenerStats } from './listener-stats.ts';
import type { Reception } from './network/terminal-filter.ts';
import { PeekBuffer } from './peek-buffer.ts';

/** Bytes kept before a chain is chosen; a filter that wants more never gets them. */
const PEEK_LIMIT = 80 * 1024;

/** The version of a listener that accepted the connection. */
export interface ConnectionAcceptor {
  readonly name: string;
  readonly stats: ListenerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly filters: readonly PlacedFilter[];
  /** 0: none. */
  readonly filtersTimeoutMs: number;
  readonly continueOnTimeout: boolean;
  /** Gives the connection to the listener of its original destination; false: there is none. */
  handOver(transport: Transport, bytes: Buffer | undefined): boolean;
  chainFor(facts: ConnectionFacts): FilterChain | undefined;
  /** No chain took the connection. */
  unmatched(transport: Transport): void;
  /** What it was replaced by, where that differs in filter chains only; itself otherwise. */
  readonly latest: ConnectionAcceptor;
  /** A connection of a version before goes on here. */
  adopt(pending: PendingConnection): void;
  /** The connection is with its chain, with another version, or gone. */
  forget(pending: PendingConnection): void;
}

/** Lives until a filter chain takes the connection over, or it ends. */
export class PendingConnection implements TransportHandler, TlsHandler, InspectedConnection, HandshakeSeat {
  readonly transport: Transport;
  transportProtocol = '';
  serverName = '';
  applicationProtocols: readonly string[] = [];
  /** Why the chain's own rules refused the client's certificate. */
  refusal: RefusalKind | undefined;
  #version: ConnectionAcceptor;
  readonly #mayHandOver: boolean;
  readonly #peek = new PeekBuffer();
  #filter = 0;
  #timer: Timer | undefined;
  #chain: FilterChain | undefined;
  #reception: Reception | undefined;
  #over = false;

  /** `mayHandOver`: the connection may go to another listener. */
  constructor(version: ConnectionAcceptor, transport: Transport, mayHandOver: boolean) {
    this.#version = version;
    this.#mayHandOver = mayHandOver;
    this.transport = transport;
    transport.handler = this;
  }

  /** `bytes`: read already. Where no filter asks for bytes, the chain has the connection when this returns. */
  start(bytes?: Buffer): void {
    if (bytes) this.#peek.append(bytes);
    this.#inspect();
  }

  take(count: number): void {
    this.#peek.take(count);
  }

  onData(bytes: Buffer): void {
    if (this.#over) return;
    this.#peek.append(bytes);
    if (this.#chain || this.#filter === this.#version.filters.length) return;
    this.#inspect();
  }

  onEnd(): void {
    if (!this.#over && !this.#chain) this.#version.stats.filterRemoteClose.increment();
    this.#refuse();
  }

  onDrain(): void {}

  onClose(error?: Error): void {
    if (error && !this.#over && !this.#chain) this.#version.stats.filterError.increment();
    this.#finish();
  }

  onSecure(info: TlsInfo): void {
    if (this.#over) return;
    this.#version.stats.ssl.succeeded(info);
    this.#accept(this.#chain!);
  }

  onError(error: TransportError): void {
    if (this.#over) return;
    this.#version.stats.ssl.failed(this.#refusalOf(error));
    this.#version.logger.debug(`listener ${this.#version.name}: ${error.message}`);
    this.#refuse();
  }

  destroy(): void {
    this.#refuse();
  }

  /** Of a certificate; undefined: the handshake failed for another reason. */
  #refusalOf({ code }: TransportError): PeerRefusal | undefined {
    if (code === 'TLS_NO_PEER_CERTIFICATE') return 'missing';
    return code === 'TLS_PEER_REFUSED' ? (this.refusal ?? 'chain') : undefined;
  }

  /** Runs the filters from where they stopped. */
  #inspect(): void {
    const { filters } = this.#version;
    for (; this.#filter < filters.length; this.#filter++) {
      const { filter, disabled } = filters[this.#filter]!;
      if (disabled?.(this.transport.localAddress.port)) continue;
      const verdict = filter.inspect(this, this.#peek.bytes);
      if (verdict === 'wait' && this.#peek.length < PEEK_LIMIT) return this.#wait();
      if (verdict === 'next') continue;
      return this.#refuse();
    }
    this.#stopWaiting();
    this.#choose();
  }

  #wait(): void {
    const { clock, filtersTimeoutMs, stats } = this.#version;
    if (this.#timer || filtersTimeoutMs === 0) return;
    stats.preCxActive.increment();
    this.#timer = clock.after(filtersTimeoutMs, () => this.#filtersTimedOut());
  }

  #stopWaiting(): void {
    if (!this.#timer) return;
    if (!this.#chain) this.#version.stats.preCxActive.decrement();
    this.#timer.cancel();
    this.#timer = undefined;
  }

  #filtersTimedOut(): void {
    this.#version.stats.preCxTimeout.increment();
    this.#stopWaiting();
    if (!this.#version.continueOnTimeout) return this.#refuse();
    this.#filter = this.#version.filters.length;
    this.#choose();
  }

  #choose(): void {
    if (this.#mayHandOver && this.transport.localAddressRestored && this.#handOver()) return;
    this.#moveToLatest();
    const chain = this.#version.chainFor(factsOf(this));
    if (!chain) {
      this.#version.stats.noFilterChainMatch.increment();
      this.#version.unmatched(this.transport);
      return this.#refuse();
    }
    this.#chain = chain;
    this.#version.stats.cxTotal.increment();
    this.#version.stats.cxActive.increment();
    this.#version.stats.workerCxTotal.increment();
    this.#version.stats.workerCxActive.increment();
    if (chain.tls) this.#startTls(chain);
    else this.#accept(chain);
  }

  /** As with Envoy, chains are those of the moment at which one is chosen. */
  #moveToLatest(): void {
    const before = this.#version;
    if (before.latest === before) return;
    this.#version = before.latest;
    this.#version.adopt(this);
    before.forget(this);
  }

  /** The other listener counts the connection from now on. */
  #handOver(): boolean {
    const bytes = this.#peek.release();
    if (this.#version.handOver(this.transport, bytes)) {
      this.#finish();
      return true;
    }
    if (bytes) this.#peek.append(bytes);
    return false;
  }

  #startTls(chain: FilterChain): void {
    const options = chain.tls!.handshake(this.#peek.release(), this, chain.multiplexes);
    if (!options) return this.#refuse();
    this.#reception = chain.expect();
    const { clock, stats } = this.#version;
    this.#timer = clock.after(chain.handshakeTimeoutMs, () => {
      stats.handshakeTimeout.increment();
      this.#refuse();
    });
    startServerTls(this.transport, options, this);
  }

  #accept(chain: FilterChain): void {
    const bytes = this.#peek.release();
    this.#over = true;
    this.#stopWaiting();
    chain.accept(this.transport, this.#reception);
    if (bytes) this.transport.handler.onData(bytes);
    // Not before: a version that is given up keeps its chains for those who are on their way.
    this.#version.forget(this);
  }

  /** Closes the connection. */
  #refuse(): void {
    this.#finish();
    this.transport.destroy();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopWaiting();
    this.#version.forget(this);
    if (!this.#chain) return;
    this.#version.stats.cxActive.decrement();
    this.#version.stats.workerCxActive.decrement();
    this.#version.stats.cxDestroy.increment();
  }
}
