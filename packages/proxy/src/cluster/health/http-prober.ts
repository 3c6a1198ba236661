// Asks a host how it is by an HTTP request, and judges the response.
import { Headers, type ResponseHead } from '@meltemi/wire';
import type { UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import { ConnectionPool } from '../endpoint/connection-pool.ts';
import { Http2Pool } from '../endpoint/http2-pool.ts';
import type { CheckHeader, HttpCheck } from '../settings/check-protocol.ts';
import { FAILS_NOW } from './check-state.ts';
import type { CheckContext } from './check-context.ts';
import { containsInOrder } from './payload-match.ts';
import type { CheckResult, Prober } from './prober.ts';

const CHECKED_CLUSTER = 'x-envoy-upstream-healthchecked-cluster';

export class HttpProber implements Prober, UpstreamHandler {
  readonly #context: CheckContext;
  readonly #check: HttpCheck;
  readonly #pool: ConnectionPool | Http2Pool;
  readonly #reuses: boolean;
  /** The name of a cluster is asked for. */
  readonly #onVerify: () => void;
  #exchange: UpstreamExchange | undefined;
  #onResult: ((result: CheckResult) => void) | undefined;
  #head: ResponseHead | undefined;
  #body = Buffer.alloc(0);

  constructor(context: CheckContext, check: HttpCheck, reuses: boolean, onVerify: () => void) {
    this.#context = context;
    this.#check = check;
    this.#reuses = reuses;
    this.#onVerify = onVerify;
    this.#pool = check.http2 ? new Http2Pool(context, context.breaker) : new ConnectionPool(context, context.breaker);
  }

  probe(onResult: (result: CheckResult) => void): void {
    const { method, path, body } = this.#check;
    this.#onResult = onResult;
    this.#head = undefined;
    this.#body = Buffer.alloc(0);
    this.#exchange = this.#pool.open(this)!;
    this.#exchange.sendHead({
      method,
      target: path,
      headers: this.#headers(),
      bodyLength: body.length,
      upgrade: false,
    });
    if (body.length > 0) this.#exchange.sendBody(body);
    this.#exchange.end();
  }

  abort(): void {
    this.#onResult = undefined;
    this.#exchange?.reset();
    this.#pool.closeFree();
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
    const room = this.#check.receiveLimit === 0 ? Infinity : this.#check.receiveLimit - this.#body.length;
    if (this.#check.receive.length > 0 && room > 0) {
      this.#body = Buffer.concat([this.#body, chunk.subarray(0, Math.min(room, chunk.length))]);
    }
  }

  onEnd(): void {
    const head = this.#head!;
    if (!this.#reuses || !head.keepAlive) this.#pool.closeFree();
    this.#report(this.#judge(head));
  }

  onReset(): void {
    this.#report({ kind: 'network', retriable: true });
  }

  #headers(): Headers {
    const { host, headers: added, removed } = this.#check;
    const { spec, cluster } = this.#context.host;
    const headers = new Headers();
    headers.set('host', host || spec.check?.hostname || cluster.name);
    headers.set('user-agent', 'Envoy/HC');
    addHeaders(headers, added);
    for (const name of removed) headers.remove(name);
    if (!this.#reuses && !this.#check.http2) headers.set('connection', 'close');
    return headers;
  }

  #judge(head: ResponseHead): CheckResult {
    const { expected, retriable, service, receive } = this.#check;
    if (!expected(head.status)) {
      return { kind: 'refused', retriable: retriable(head.status), excluded: head.headers.has(FAILS_NOW) };
    }
    if (service) {
      this.#onVerify();
      if (!service(head.headers.get(CHECKED_CLUSTER) ?? '')) return { kind: 'refused', retriable: false };
    }
    if (!containsInOrder(this.#body, receive)) return { kind: 'refused', retriable: false };
    return { kind: 'passed', degraded: head.headers.has('x-envoy-degraded') };
  }

  #report(result: CheckResult): void {
    const onResult = this.#onResult;
    this.#onResult = undefined;
    this.#exchange = undefined;
    onResult?.(result);
  }
}

export function addHeaders(headers: Headers, added: readonly CheckHeader[]): void {
  for (const { name, value, append } of added) {
    if (append) headers.add(name, value);
    else headers.set(name, value);
  }
}
