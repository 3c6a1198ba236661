// An upstream that answers as the request tells it, and a client that reads compressed answers of a proxy.
import { once } from 'node:events';
import {
  type Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';

/** What the upstream is to answer with. */
export interface WantedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body?: string;
  /** Without a length. */
  readonly chunked?: boolean;
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Without a length. */
  readonly chunked?: boolean;
  readonly answer?: WantedAnswer;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As the upstream meant it, by the codings that the answer names. */
  readonly body: string;
  /** What the upstream saw of the request. */
  readonly saw: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
}

const ANSWER_HEADER = 'x-answer';
const SAW_HEADER = 'x-saw';
/** They differ from run to run. */
const CHANGING: ReadonlySet<string> = new Set(['date', 'x-envoy-upstream-service-time', 'keep-alive']);
const SEEN = ['accept-encoding', 'content-encoding', 'content-length', 'transfer-encoding', 'content-type'];

export async function startCompressibleUpstream(): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((incoming, response) => void answer(incoming, response));
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await buffer(incoming);
  const wanted = JSON.parse(String(incoming.headers[ANSWER_HEADER] ?? '{}')) as WantedAnswer;
  const headers = Object.fromEntries(SEEN.map((name) => [name, incoming.headersDistinct[name]?.join(',') ?? '']));
  const saw = { headers, body: decoded(headers['content-encoding'], sent).toString('base64') };
  const body = Buffer.from(wanted.body ?? '', 'base64');
  response.setHeader(SAW_HEADER, JSON.stringify(saw));
  response.writeHead(
    wanted.status ?? 200,
    wanted.chunked ? wanted.headers : { 'content-length': body.length, ...wanted.headers },
  );
  if (incoming.method === 'HEAD') return void response.end();
  // Two writes, so that no end comes with the first bytes.
  if (wanted.chunked) response.write(body.subarray(0, body.length / 2));
  response.end(wanted.chunked ? body.subarray(body.length / 2) : body);
}

export async function sendFor(port: number, agent: Agent, sent: Sent): Promise<Received> {
  const { method = 'GET', path = '/', body, chunked } = sent;
  const length = body && !chunked ? { 'content-length': String(body.length) } : {};
  const headers = {
    ...sent.headers,
    ...length,
    [ANSWER_HEADER]: JSON.stringify(sent.answer ?? {}),
    host: 'compressed.test',
  };
  const call = request({ host: '127.0.0.1', port, agent, method, path, headers });
  if (body && chunked) call.write(body.subarray(0, body.length / 2));
  call.end(body && chunked ? body.subarray(body.length / 2) : body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const bytes = await buffer(response);
  return { status: response.statusCode!, ...shown(response.headers, bytes) };
}

function shown(headers: IncomingHttpHeaders, bytes: Buffer): Omit<Received, 'status'> {
  const { [SAW_HEADER]: saw, ...rest } = headers;
  const fields = Object.entries(rest)
    .filter(([name]) => !CHANGING.has(name))
    .map(([name, value]): [string, string] => [name, String(value).replaceAll(', ', ',')]);
  const codings = headers['content-encoding'];
  return {
    headers: Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1))),
    body: decoded(codings, bytes).toString(),
    saw: JSON.parse(String(saw ?? '{"headers":{},"body":""}')) as Received['saw'],
  };
}

/** What can't be decoded stays as it is. */
function decoded(codings: string | undefined, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  try {
    if (codings === 'gzip') return gunzipSync(bytes);
    if (codings === 'br') return brotliDecompressSync(bytes);
    if (codings === 'zstd') return zstdDecompressSync(bytes);
  } catch {
    return Buffer.concat([Buffer.from(`not ${codings}: `), bytes]);
  }
  return bytes;
}
