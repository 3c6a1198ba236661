// A gRPC stream from the proxy itself to one of its clusters, for logs and other things that may be dropped when nobody takes them.
import { CHUNKED, type Headers, type ResponseHead } from '@meltemi/wire';
import type { Clusters, ResetReason, UpstreamExchange, UpstreamHandler } from '../cluster/cluster.ts';
import type { GrpcMethod } from './grpc-call.ts';
import { GrpcFrameReader, grpcFrame } from './grpc-frame.ts';
import { GRPC_STATUS, type GrpcOutcome, grpcOutcome, grpcRequestHeaders } from './grpc-head.ts';

export interface GrpcStreamHandler {
  /** A message from the server. */
  onMessage?(message: Buffer): void;
  /** There is room again after a `send` that returned false, or after one that filled it. */
  onRoom?(): void;
  /** The stream is over, once, in a later turn than it was opened; not after `cancel`. */
  onEnd(outcome: GrpcOutcome): void;
}

export interface GrpcStream {
  /** False: what was sent last waits for the server's window, or for a connection. */
  readonly room: boolean;
  /** False: not taken, because what was sent before still waits for the server or for a connection. */
  send(message: Uint8Array): boolean;
  /** No more messages follow; the server's answer still comes. */
  end(): void;
  cancel(): void;
}

/** Opens a stream. Never throws for what the cluster does: `onEnd` says it. */
export function openGrpcStream(clusters: Clusters, method: GrpcMethod, handler: GrpcStreamHandler): GrpcStream {
  const stream = new OpenGrpcStream(handler, method.maxResponseBytes);
  stream.start(clusters, method);
  return stream;
}

class OpenGrpcStream implements GrpcStream, UpstreamHandler {
  readonly http2 = true;
  readonly #reader: GrpcFrameReader;
  #handler: GrpcStreamHandler | undefined;
  #exchange: UpstreamExchange | undefined;
  room = true;
  #head: ResponseHead | undefined;

  constructor(handler: GrpcStreamHandler, maxMessageBytes: number) {
    this.#handler = handler;
    this.#reader = new GrpcFrameReader(maxMessageBytes);
  }

  start(clusters: Clusters, method: GrpcMethod): void {
    const { cluster: name, path, authority = name, metadata = [] } = method;
    const cluster = clusters.get(name);
    const host = cluster?.pick({ hash: undefined, tried: [] });
    this.#exchange = host && cluster?.open(host, this);
    if (!this.#exchange) {
      const message = !cluster
        ? `no cluster ${name}`
        : host
          ? `cluster ${name} is at its limits`
          : `cluster ${name} has no healthy host`;
      return process.nextTick(finishLater, this, message);
    }
    const headers = grpcRequestHeaders(authority, metadata, 0);
    this.#exchange.sendHead({ method: 'POST', target: path, headers, bodyLength: CHUNKED, upgrade: false });
  }

  send(message: Uint8Array): boolean {
    if (!this.#exchange || !this.room) return false;
    this.room = this.#exchange.sendBody(grpcFrame(message));
    return true;
  }

  end(): void {
    this.#exchange?.end();
  }

  cancel(): void {
    this.#handler = undefined;
    this.#exchange?.reset('cancelled');
    this.#exchange = undefined;
  }

  onConnected(): void {}

  onPause(): void {}

  onHead(head: ResponseHead): void {
    this.#head = head;
  }

  onBody(chunk: Buffer): void {
    const messages = this.#reader.push(chunk);
    if (typeof messages !== 'string') {
      for (const message of messages) this.#handler?.onMessage?.(message);
      return;
    }
    this.#exchange?.reset('cancelled');
    this.finish({ status: GRPC_STATUS.INTERNAL, message: messages });
  }

  onEnd(trailers: Headers | undefined): void {
    this.finish(grpcOutcome(this.#head!.status, this.#head!.headers, trailers));
  }

  onReset(reason: ResetReason, detail: string): void {
    this.finish({ status: GRPC_STATUS.UNAVAILABLE, message: `${reason}: ${detail}` });
  }

  onDrain(): void {
    this.room = true;
    this.#handler?.onRoom?.();
  }

  finish(outcome: GrpcOutcome): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#exchange = undefined;
    handler?.onEnd(outcome);
  }
}

function finishLater(stream: OpenGrpcStream, message: string): void {
  stream.finish({ status: GRPC_STATUS.UNAVAILABLE, message });
}
