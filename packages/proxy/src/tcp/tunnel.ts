// A TCP connection's way through an HTTP proxy: a CONNECT or a POST whose bodies are the connection's bytes, as if it were a connection itself.
import type { SocketAddress } from '@meltemi/base';
import type { ResponseHead, TlsInfo } from '@meltemi/wire';
import type {
  Cluster,
  ConnectionFacts,
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamRequest,
  UpstreamTcp,
  UpstreamTcpHandler,
} from '../cluster/cluster.ts';

export class Tunnel implements UpstreamTcp, UpstreamHandler {
  readonly host: UpstreamHost;
  readonly switches: boolean;
  readonly #handler: UpstreamTcpHandler;
  #exchange: UpstreamExchange | undefined;
  #state: 'opening' | 'open' | 'over' = 'opening';
  #ended = false;
  #peerEnded = false;
  tls: TlsInfo | undefined;
  localAddress: SocketAddress = { host: '', port: 0 };
  facts!: ConnectionFacts;

  /** Undefined: a limit of the cluster is reached. */
  static open(
    cluster: Cluster,
    host: UpstreamHost,
    handler: UpstreamTcpHandler,
    request: UpstreamRequest,
  ): Tunnel | undefined {
    const tunnel = new Tunnel(host, handler, request.upgrade);
    tunnel.#exchange = cluster.open(host, tunnel);
    tunnel.#exchange?.sendHead(request);
    return tunnel.#exchange && tunnel;
  }

  constructor(host: UpstreamHost, handler: UpstreamTcpHandler, switches: boolean) {
    this.host = host;
    this.#handler = handler;
    this.switches = switches;
  }

  write(chunk: Buffer): boolean {
    return this.#state === 'over' || this.#exchange!.sendBody(chunk);
  }

  end(): void {
    if (this.#state === 'over' || this.#ended) return;
    this.#ended = true;
    this.#exchange!.end();
    if (this.#peerEnded) this.#bothEnded();
  }

  pauseReading(): void {
    this.#exchange!.pauseReading();
  }

  resumeReading(): void {
    this.#exchange!.resumeReading();
  }

  close(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#exchange!.reset();
  }

  onConnected(tls: TlsInfo | undefined, localAddress: SocketAddress, facts: ConnectionFacts): void {
    this.tls = tls;
    this.localAddress = localAddress;
    this.facts = facts;
  }

  onHead({ status, upgrade }: ResponseHead): void {
    if (this.#state !== 'opening') return;
    const accepted = status >= 200 && status < 300 && upgrade === this.switches;
    if (!accepted) return this.#fail(`the proxy answered ${status}`);
    this.#state = 'open';
    this.#handler.onConnected();
  }

  onBody(chunk: Buffer): void {
    if (this.#state === 'open') this.#handler.onData(chunk);
  }

  onPause(): void {}

  onEnd(): void {
    if (this.#state !== 'open') return;
    this.#peerEnded = true;
    this.#handler.onEnd();
    if (this.#ended) this.#bothEnded();
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.#state === 'over') return;
    if (this.#state === 'opening') return this.#fail(detail || reason);
    this.#state = 'over';
    this.#handler.onClose({ kind: reason === 'reset' ? 'reset' : 'lost', detail: detail || reason });
  }

  onDrain(): void {
    if (this.#state === 'open') this.#handler.onDrain();
  }

  #fail(detail: string): void {
    this.close();
    this.#handler.onClose({ kind: 'connect-failed', detail });
  }

  #bothEnded(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#handler.onClose({ kind: 'ended' });
  }
}
