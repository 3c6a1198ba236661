// Brings an accepted connection to its filter chain: first bytes where a chain asks for them, the chain, the handshake.
import {
  peekClientHello,
  type TlsHandler,
  type Transport,
  type TransportError,
  type TransportHandler,
  startServerTls,
} from '@meltemi/wire';
import type { Clock, Logger, Timer } from '@meltemi/base';
import type { FilterChain } from './filter-chain.ts';
import type { ConnectionFacts } from './filter-chain-match.ts';
import type { ListenerStats } from './listener-stats.ts';

/** Bytes looked at before a chain is chosen; a ClientHello that is longer is refused by the peek itself. */
const INSPECT_LIMIT = 64 * 1024;

/** The version of a listener that accepted the connection. */
export interface ConnectionAcceptor {
  readonly name: string;
  readonly stats: ListenerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly inspectTimeoutMs: number;
  readonly needsInspection: boolean;
  readonly detectsHttp: boolean;
  chainFor(facts: ConnectionFacts): FilterChain | undefined;
  /** The connection is with its chain, or gone. */
  forget(pending: PendingConnection): void;
}

/** Lives until a filter chain takes the connection over, or it ends. */
export class PendingConnection implements TransportHandler, TlsHandler {
  readonly #version: ConnectionAcceptor;
  readonly #transport: Transport;
  readonly #timer: Timer;
  #bytes: Buffer | undefined;
  #chain: FilterChain | undefined;
  #over = false;

  constructor(version: ConnectionAcceptor, transport: Transport) {
    this.#version = version;
    this.#transport = transport;
    transport.handler = this;
    version.stats.cxTotal.increment();
    version.stats.cxActive.increment();
    this.#timer = version.clock.after(version.inspectTimeoutMs, () => this.#timedOut());
  }

  /** Without a chain that asks for the first bytes, the chain is chosen at once. */
  start(): void {
    if (!this.#version.needsInspection) this.#choose('raw_buffer', '', []);
  }

  onData(bytes: Buffer): void {
    if (this.#over) return;
    this.#bytes = this.#bytes ? Buffer.concat([this.#bytes, bytes]) : Buffer.from(bytes);
    this.#inspect(this.#bytes);
  }

  onEnd(): void {
    this.#refuse();
  }

  onDrain(): void {}

  onClose(): void {
    this.#finish();
  }

  onSecure(): void {
    if (this.#over) return;
    this.#version.stats.handshake.increment();
    this.#handOver(this.#chain!);
  }

  onError(error: TransportError): void {
    if (this.#over) return;
    if (error.code === 'TLS_PEER_REFUSED') this.#version.stats.failVerify.increment();
    else this.#version.stats.connectionError.increment();
    this.#version.logger.debug(`listener ${this.#version.name}: ${error.message}`);
    this.#refuse();
  }

  #inspect(bytes: Buffer): void {
    const peek = peekClientHello(bytes);
    switch (peek.kind) {
      case 'need-more':
        if (bytes.length > INSPECT_LIMIT) this.#refuse();
        return;
      case 'hello':
        return this.#choose('tls', peek.sni ?? '', peek.alpn);
      case 'not-tls':
        return this.#choose('raw_buffer', '', this.#version.detectsHttp ? [plaintextProtocol(bytes)] : []);
    }
  }

  #choose(transportProtocol: 'tls' | 'raw_buffer', serverName: string, applicationProtocols: readonly string[]): void {
    const { localAddress, remoteAddress } = this.#transport;
    const facts: ConnectionFacts = {
      destinationIp: localAddress.host,
      destinationPort: localAddress.port,
      sourceIp: remoteAddress.host,
      sourcePort: remoteAddress.port,
      transportProtocol,
      serverName,
      applicationProtocols,
    };
    const chain = this.#version.chainFor(facts);
    if (!chain) {
      this.#version.stats.noFilterChainMatch.increment();
      return this.#refuse();
    }
    this.#chain = chain;
    if (chain.tls) this.#startTls(chain);
    else this.#handOver(chain);
  }

  #startTls(chain: FilterChain): void {
    const options = chain.tls!.handshake(this.#bytes);
    this.#bytes = undefined;
    if (options) startServerTls(this.#transport, options, this);
    else this.#refuse();
  }

  #handOver(chain: FilterChain): void {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    this.#over = true;
    this.#timer.cancel();
    this.#version.forget(this);
    chain.accept(this.#transport);
    if (bytes) this.#transport.handler.onData(bytes);
  }

  #timedOut(): void {
    this.#version.stats.preCxTimeout.increment();
    this.#refuse();
  }

  /** Closes the connection. */
  #refuse(): void {
    this.#finish();
    this.#transport.destroy();
  }

  destroy(): void {
    this.#refuse();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#version.stats.cxActive.decrement();
    this.#version.stats.cxDestroy.increment();
    this.#version.forget(this);
  }
}

function plaintextProtocol(bytes: Buffer): string {
  return bytes.subarray(0, 3).toString('latin1') === 'PRI' ? 'h2c' : 'http/1.1';
}
