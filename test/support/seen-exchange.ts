// Sends a request to a proxy and tells all that client and upstream saw, but for what differs from run to run.
import { Agent, type IncomingHttpHeaders, request as begin } from 'node:http';
import { text } from 'node:stream/consumers';
import { ID_HEADER } from './behaving-upstream.ts';
import { type Echo, UPSTREAM_HEADER } from './echo-upstream.ts';
import type { TestRequest } from './random-requests.ts';

export interface SeenExchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: the request did not get as far. */
  readonly upstream: Echo | undefined;
  /** Of a response that the proxy gave itself. */
  readonly body: string;
}

/** Their presence counts, not their values. */
const CHANGING: ReadonlySet<string> = new Set(['date', 'x-envoy-upstream-service-time', 'x-request-id', ID_HEADER]);

/** Connections to one proxy. */
export class TestClient {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });

  constructor(port: number) {
    this.#port = port;
  }

  /** `id`: tells the upstream which tries belong together. Rejects when the connection fails. */
  async send({ method, path, authority, headers, body = '' }: TestRequest, id: string): Promise<SeenExchange> {
    const framing = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
    const fields = { ...headers, ...framing, host: authority, [ID_HEADER]: id };
    const call = begin({ host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers: fields });
    const answered = Promise.withResolvers<SeenExchange>();
    call.once('error', answered.reject);
    call.once('response', (response) => {
      text(response).then(
        (content) => answered.resolve(seen(response.statusCode!, response.headers, content)),
        answered.reject,
      );
    });
    call.end(body);
    return answered.promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}

function seen(status: number, headers: IncomingHttpHeaders, content: string): SeenExchange {
  const echoed = headers[UPSTREAM_HEADER] !== undefined && content !== '';
  const echo = echoed ? (JSON.parse(content) as Echo) : undefined;
  return {
    status,
    headers: steady(headers),
    upstream: echo && { ...echo, headers: steady(echo.headers) },
    body: echo ? '' : content,
  };
}

/** Milliseconds that are left of a time limit depend on how long tries took. */
function isTimeLeft(name: string): boolean {
  return name === 'x-envoy-expected-rq-timeout-ms';
}

function steady(headers: IncomingHttpHeaders | Echo['headers']): Record<string, string> {
  const fields = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    CHANGING.has(name) ? '…' : isTimeLeft(name) ? nearly(String(value)) : joined(value),
  ]);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function joined(value: string | readonly string[] | undefined): string {
  return [value ?? []].flat().join(', ').replaceAll(', ', ',');
}

function nearly(milliseconds: string): string {
  return `up to ${Math.ceil(Number(milliseconds) / 1000)} s`;
}
