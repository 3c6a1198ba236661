// Asks a host how it is by gRPC's health protocol, and judges the answer.
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md
import { Headers, type ResponseHead } from '@meltemi/wire';
import type { UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import { Http2Pool } from '../endpoint/http2-pool.ts';
import type { GrpcCheck } from '../settings/check-protocol.ts';
import type { CheckContext } from './check-context.ts';
import { addHeaders } from './http-prober.ts';
import type { CheckResult, Prober } from './prober.ts';

export class GrpcProber implements Prober, UpstreamHandler {
  readonly http2 = true;
  readonly #context: CheckContext;
  readonly #check: GrpcCheck;
  readonly #pool: Http2Pool;
  readonly #reuses: boolean;
  #exchange: UpstreamExchange | undefined;
  #onResult: ((result: CheckResult) => void) | undefined;
  #head: ResponseHead | undefined;
  #body = Buffer.alloc(0);

  constructor(context: CheckContext, check: GrpcCheck, reuses: boolean) {
    this.#context = context;
    this.#check = check;
    this.#reuses = reuses;
    this.#pool = new Http2Pool(context, context.breaker);
  }

  probe(onResult: (result: CheckResult) => void): void {
    const message = healthRequest(this.#check.service);
    this.#onResult = onResult;
    this.#head = undefined;
    this.#body = Buffer.alloc(0);
    this.#exchange = this.#pool.open(this)!;
    this.#exchange.sendHead({
      method: 'POST',
      target: '/grpc.health.v1.Health/Check',
      headers: this.#headers(),
      bodyLength: message.length,
      upgrade: false,
    });
    this.#exchange.sendBody(message);
    this.#exchange.end();
  }

  abort(): void {
    this.#onResult = undefined;
    this.#exchange?.reset();
    if (!this.#reuses) this.#pool.closeFree();
  }

  close(): void {
    this.#onResult = undefined;
    this.#exchange?.reset();
    this.#pool.close();
  }

  onConnected(): void {}
  onPause(): void {}
  onDrain(): void {}

  onHead(head: ResponseHead): void {
    this.#head = head;
  }

  onBody(chunk: Buffer): void {
    if (this.#body.length < 1024) this.#body = Buffer.concat([this.#body, chunk]);
  }

  onEnd(trailers: Headers | undefined): void {
    if (!this.#reuses) this.#pool.closeFree();
    const { status, headers } = this.#head!;
    const code = trailers?.get('grpc-status') ?? headers.get('grpc-status');
    const serving = status === 200 && code === '0' && isServing(this.#body);
    this.#report(serving ? { kind: 'passed', degraded: false } : { kind: 'refused', retriable: false });
  }

  onReset(): void {
    this.#report({ kind: 'network', retriable: true });
  }

  #headers(): Headers {
    const { spec, cluster } = this.#context.host;
    const headers = new Headers();
    headers.set('host', this.#check.authority || spec.check?.hostname || cluster.name);
    headers.set('content-type', 'application/grpc');
    headers.set('te', 'trailers');
    headers.set('user-agent', 'Envoy/HC');
    addHeaders(headers, this.#check.headers);
    return headers;
  }

  #report(result: CheckResult): void {
    const onResult = this.#onResult;
    this.#onResult = undefined;
    this.#exchange = undefined;
    onResult?.(result);
  }
}

/** HealthCheckRequest { string service = 1 }, with gRPC's head of five bytes. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** HealthCheckResponse { ServingStatus status = 1 }: SERVING is 1. */
export function isServing(body: Buffer): boolean {
  if (body.length < 5 || body[0] !== 0 || body.length !== 5 + body.readUInt32BE(1)) return false;
  return body.length === 7 && body[5] === 0x08 && body[6] === 1;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 0x80);
  }
}
