// A layer over a connection that sees its bytes both ways, and may keep some of them or add its own.
import type { PresentedEnds, TlsInfo, Transport, TransportHandler } from '@meltemi/wire';
import type { SocketAddress } from '@meltemi/base';

/** What the layer does with bytes. */
export interface LayerTap {
  /** Bytes of the peer: those to hand on, or undefined for none. The buffer is reused. */
  received(bytes: Buffer): Buffer | undefined;
  /** Bytes on their way to the peer. */
  sending(data: Buffer | string): void;
  /** The peer sends no more: what was kept and is to be handed on after all. */
  ended(): Buffer | undefined;
  /** The connection is gone. */
  closed(): void;
}

export class TransportLayer implements Transport, TransportHandler {
  handler: TransportHandler;
  readonly #below: Transport;
  readonly #tap: LayerTap;

  /** `tapOf` is given the connection below, to add bytes of its own. */
  constructor(below: Transport, tapOf: (below: Transport) => LayerTap) {
    this.#below = below;
    this.#tap = tapOf(below);
    this.handler = below.handler;
    below.handler = this;
  }

  get remoteAddress(): SocketAddress {
    return this.#below.remoteAddress;
  }
  get localAddress(): SocketAddress {
    return this.#below.localAddress;
  }
  get directRemoteAddress(): SocketAddress {
    return this.#below.directRemoteAddress;
  }
  get localAddressRestored(): boolean {
    return this.#below.localAddressRestored;
  }
  get requestedServerName(): string | undefined {
    return this.#below.requestedServerName;
  }
  get state(): Map<string, unknown> | undefined {
    return this.#below.state;
  }
  set state(state: Map<string, unknown> | undefined) {
    this.#below.state = state;
  }
  get tls(): TlsInfo | undefined {
    return this.#below.tls;
  }
  get bytesQueued(): number {
    return this.#below.bytesQueued;
  }
  get queueLimit(): number {
    return this.#below.queueLimit;
  }
  set queueLimit(bytes: number) {
    this.#below.queueLimit = bytes;
  }
  get open(): boolean {
    return this.#below.open;
  }

  present(ends: PresentedEnds): void {
    this.#below.present(ends);
  }

  write(data: Buffer | string): boolean {
    this.#tap.sending(data);
    return this.#below.write(data);
  }

  cork(): void {
    this.#below.cork();
  }

  uncork(): void {
    this.#below.uncork();
  }

  pauseReading(): void {
    this.#below.pauseReading();
  }

  resumeReading(): void {
    this.#below.resumeReading();
  }

  end(): void {
    this.#below.end();
  }

  destroy(): void {
    this.#below.destroy();
  }

  reset(): void {
    this.#below.reset();
  }

  onData(bytes: Buffer): void {
    const left = this.#tap.received(bytes);
    if (left !== undefined && left.length > 0) this.handler.onData(left);
  }

  onEnd(): void {
    const left = this.#tap.ended();
    if (left !== undefined) this.handler.onData(left);
    this.handler.onEnd();
  }

  onDrain(): void {
    this.handler.onDrain();
  }

  onClose(error?: Error): void {
    this.#tap.closed();
    this.handler.onClose(error);
  }
}
