// Sends one small request from the proxy itself to one of its clusters and hands the whole response over.
import type { Clock, Timer } from '@meltemi/base';
import type { Headers, ResponseHead } from '@meltemi/wire';
import type { Clusters, ResetReason, UpstreamExchange, UpstreamHandler } from '../cluster/cluster.ts';

export interface HttpCall {
  readonly cluster: string;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** With `host`, without framing fields. Read at once. */
  readonly headers: Headers;
  /** Read at once. */
  readonly body?: Uint8Array;
  /** For the whole call; 0: no limit. */
  readonly timeoutMs: number;
  /** Of the response's body; a longer one fails as `too-large`. */
  readonly maxResponseBytes: number;
  /** A cluster that speaks what its client speaks is to speak HTTP/2. */
  readonly http2?: boolean;
}

export type HttpCallFailure = 'no-cluster' | 'no-host' | 'overflow' | 'timeout' | 'reset' | 'too-large';

export type HttpCallResult =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly headers: Headers;
      readonly body: Buffer;
      readonly trailers: Headers | undefined;
    }
  | { readonly kind: 'failed'; readonly reason: HttpCallFailure; readonly detail: string };

export interface RunningCall {
  /** `done` will not be called. Harmless when it was. */
  cancel(): void;
}

/** Calls `done` once, in a later turn, unless it is cancelled before. Never throws for what the cluster does. */
export function callHttp(
  clusters: Clusters,
  call: HttpCall,
  clock: Clock,
  done: (result: HttpCallResult) => void,
): RunningCall {
  const run = new HttpCallRun(call, done);
  run.start(clusters, clock);
  return run;
}

class HttpCallRun implements RunningCall, UpstreamHandler {
  readonly http2: boolean;
  readonly #call: HttpCall;
  #done: ((result: HttpCallResult) => void) | undefined;
  #exchange: UpstreamExchange | undefined;
  #timer: Timer | undefined;
  #starting = true;
  #head: ResponseHead | undefined;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(call: HttpCall, done: (result: HttpCallResult) => void) {
    this.#call = call;
    this.#done = done;
    this.http2 = call.http2 ?? false;
  }

  start(clusters: Clusters, clock: Clock): void {
    const { cluster: name, timeoutMs } = this.#call;
    const cluster = clusters.get(name);
    const host = cluster?.pick({ hash: undefined, tried: [] });
    if (!cluster) this.#fail('no-cluster', `no cluster ${name}`);
    else if (!host) this.#fail('no-host', `cluster ${name} has no healthy host`);
    else {
      this.#exchange = cluster.open(host, this);
      if (!this.#exchange) this.#fail('overflow', `cluster ${name} is at its limits`);
      else this.#send(this.#exchange);
    }
    this.#starting = false;
    if (this.#exchange && timeoutMs > 0) this.#timer = clock.after(timeoutMs, () => this.#timeOut());
  }

  cancel(): void {
    this.#exchange?.reset('cancelled');
    this.#take();
  }

  onConnected(): void {}

  onPause(): void {}

  onDrain(): void {}

  onHead(head: ResponseHead): void {
    this.#head = head;
  }

  onBody(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length <= this.#call.maxResponseBytes) return void this.#chunks.push(Buffer.from(chunk));
    this.#exchange?.reset('cancelled');
    this.#fail('too-large', `the response is larger than ${this.#call.maxResponseBytes} bytes`);
  }

  onEnd(trailers: Headers | undefined): void {
    const { status, headers } = this.#head!;
    this.finish({ kind: 'response', status, headers, body: Buffer.concat(this.#chunks), trailers });
  }

  onReset(reason: ResetReason, detail: string): void {
    if (reason === 'overflow') this.#fail('overflow', detail);
    else this.#fail('reset', `${reason}: ${detail}`);
  }

  #send(exchange: UpstreamExchange): void {
    const { method, target, headers, body } = this.#call;
    exchange.sendHead({ method, target, headers, bodyLength: body?.length ?? 0, upgrade: false });
    if (body && body.length > 0) exchange.sendBody(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    exchange.end();
  }

  #timeOut(): void {
    this.#exchange?.reset('timeout');
    this.#fail('timeout', `no whole response from cluster ${this.#call.cluster} within ${this.#call.timeoutMs} ms`);
  }

  #fail(reason: HttpCallFailure, detail: string): void {
    this.finish({ kind: 'failed', reason, detail });
  }

  finish(result: HttpCallResult): void {
    if (this.#starting) process.nextTick(finishLater, this, result);
    else this.#take()?.(result);
  }

  #take(): ((result: HttpCallResult) => void) | undefined {
    const done = this.#done;
    this.#done = undefined;
    this.#exchange = undefined;
    this.#timer?.cancel();
    return done;
  }
}

function finishLater(run: HttpCallRun, result: HttpCallResult): void {
  run.finish(result);
}
