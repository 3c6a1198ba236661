// Servers that repeat what they were asked, and clients that say what they heard, of HTTP/1.1 and HTTP/2.
import { once } from 'node:events';
import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a client asks. A path decides how the upstreams answer. */
export interface Question {
  readonly client: 'http1' | 'http2';
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly trailers?: Readonly<Record<string, string>>;
}

export interface Upstream {
  readonly port: number;
  close(): void;
}

/** Different at each run, or of the connection between a proxy and its upstream. */
const UNCOMPARED = new Set(['date', 'x-request-id', 'x-envoy-upstream-service-time', 'connection', 'keep-alive']);

export async function startHttp2Upstream(): Promise<Upstream> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => void sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    void answerStream(stream, headers);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = () => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

async function answerStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  let trailers: IncomingHttpHeaders = {};
  stream.on('trailers', (fields) => (trailers = fields));
  const body = await text(stream);
  const said = JSON.stringify({ headers: compared(headers), body, trailers: compared(trailers) });
  switch (headers[':path']) {
    case '/empty':
      return stream.respond({ ':status': 200 }, { endStream: true });
    case '/no-content':
      return stream.respond({ ':status': 204 }, { endStream: true });
    case '/not-modified':
      return stream.respond({ ':status': 304, 'content-length': '9' }, { endStream: true });
    case '/refused':
      return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    case '/reset':
      return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    case '/only-head':
      return stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
        { endStream: true },
      );
    case '/early':
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      break;
    case '/length':
      stream.respond({ ':status': 200, 'content-length': said.length });
      return void stream.end(said);
  }
  stream.respond({ ':status': 200 }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-sum': 'all' }));
  stream.end(said);
}

export async function startHttp1Upstream(): Promise<Upstream> {
  const server = createHttp1Server((request, response) => void answerRequest(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

async function answerRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const said = JSON.stringify({ method: request.method, path: request.url, headers: compared(request.headers), body });
  switch (request.url) {
    case '/empty':
      return void response.end();
    case '/no-content':
      return void response.writeHead(204).end();
    case '/not-modified':
      return void response.writeHead(304, { 'content-length': '9' }).end();
    case '/length':
      return void response.writeHead(200, { 'content-length': said.length, 'x-a': ['1', '2'] }).end(said);
  }
  response.write(said);
  response.end();
}

/** What the client heard, ready to be compared. */
export function ask(port: number, question: Question): Promise<unknown> {
  return question.client === 'http2' ? askHttp2(port, question) : askHttp1(port, question);
}

async function askHttp2(port: number, { method, path, headers, body, trailers }: Question): Promise<unknown> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  const fields = { ':method': method, ':path': path, ':authority': 'a.test', ...headers };
  const stream = session.request(fields, { endStream: body === undefined, waitForTrailers: trailers !== undefined });
  if (trailers) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  if (body !== undefined) stream.end(body);
  let interim: unknown;
  let last: IncomingHttpHeaders = {};
  stream.on('headers', (early) => (interim = compared(early)));
  stream.on('trailers', (received) => (last = received));
  try {
    const [head, flags] = (await once(stream, 'response')) as [IncomingHttpHeaders, number];
    const endsWithHead = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    return { head: compared(head), endsWithHead, body: await text(stream), trailers: compared(last), interim };
  } catch {
    return { reset: stream.rstCode };
  } finally {
    session.destroy();
  }
}

async function askHttp1(port: number, { method, path, headers, body }: Question): Promise<unknown> {
  const socket = connectTcp(port, '127.0.0.1');
  const fields = {
    host: 'a.test',
    connection: 'close',
    ...(body !== undefined && { 'content-length': body.length }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`);
  const [head = '', ...rest] = (await text(socket)).split('\r\n\r\n');
  const kept = head.split('\r\n').filter((line) => !UNCOMPARED.has(line.split(':')[0]!));
  return { head: kept.sort(), body: rest.join('\r\n\r\n') };
}

function compared(headers: object): Record<string, unknown> {
  const kept = Object.entries(headers).filter(([name]) => !UNCOMPARED.has(name));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}
