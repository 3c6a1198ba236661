// A CONNECT that ends here, as an exchange: its upstream is a TCP connection of its own, which carries the bytes as they are.
import { Headers, type ResponseHead, UNTIL_CLOSE } from '@meltemi/wire';
import type {
  Cluster,
  Priority,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamTcp,
  UpstreamTcpEnd,
  UpstreamTcpHandler,
} from '../cluster/cluster.ts';

export class TcpExchange implements UpstreamExchange, UpstreamTcpHandler {
  readonly host: UpstreamHost;
  readonly reused = false;
  readonly #handler: UpstreamHandler;
  #tcp: UpstreamTcp | undefined;
  #over = false;
  #connected = false;

  /** Undefined: the cluster's limit of connections is reached. */
  static open(
    cluster: Cluster,
    host: UpstreamHost,
    handler: UpstreamHandler,
    priority: Priority,
  ): TcpExchange | undefined {
    const exchange = new TcpExchange(host, handler);
    exchange.#tcp = cluster.connectTcp(host, exchange, priority);
    return exchange.#tcp && exchange;
  }

  constructor(host: UpstreamHost, handler: UpstreamHandler) {
    this.host = host;
    this.#handler = handler;
  }

  sendHead(): void {
    // The connection alone is what was asked for.
  }

  sendBody(chunk: Buffer): boolean {
    return this.#over || this.#tcp!.write(chunk);
  }

  /** The end of the CONNECT itself says nothing; that of the tunnel comes later. */
  end(): void {
    if (this.#connected && !this.#over) this.#tcp!.end();
  }

  reset(): void {
    if (this.#over) return;
    this.#over = true;
    this.#tcp!.close();
  }

  pauseReading(): void {
    this.#tcp!.pauseReading();
  }

  resumeReading(): void {
    this.#tcp!.resumeReading();
  }

  onConnected(): void {
    this.#connected = true;
    const { localAddress, facts } = this.#tcp!;
    this.#handler.onConnected(undefined, localAddress, facts);
    if (!this.#over) this.#handler.onHead(established());
  }

  onData(chunk: Buffer): void {
    if (this.#over) return;
    this.#handler.onBody(chunk);
    if (!this.#over) this.#handler.onPause();
  }

  onEnd(): void {
    this.#finish();
    this.#handler.onEnd(undefined);
  }

  onDrain(): void {
    if (!this.#over) this.#handler.onDrain();
  }

  onClose(end: UpstreamTcpEnd): void {
    if (this.#over) return;
    this.#over = true;
    if (end.kind === 'ended') return this.#handler.onEnd(undefined);
    this.#handler.onReset(this.#connected ? 'connection-termination' : 'connect-failure', end.detail);
  }

  #finish(): void {
    this.#over = true;
    this.#tcp!.close();
  }
}

function established(): ResponseHead {
  return {
    status: 200,
    reason: 'OK',
    version: 11,
    headers: new Headers(),
    bodyLength: UNTIL_CLOSE,
    keepAlive: false,
    upgrade: true,
  };
}
