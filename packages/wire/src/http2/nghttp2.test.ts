// Both roles beside Node's HTTP/2 (nghttp2).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Headers } from '../http1/headers.ts';
import { type AnsweringServer, connectHttp2, startAnsweringServer } from './answering-server.ts';
import type { Http2Connection } from './connection.ts';
import type { Http2StreamHandler, PseudoFields } from './http2-stream.ts';

type Pair = [name: string, value: string];

// Names that come once, so that Node doesn't join values or make lists of them.
const fields = fc.uniqueArray(
  fc.tuple(
    fc.stringMatching(/^x-[a-z0-9_.-]{1,20}$/),
    fc.oneof(
      fc.constantFrom('', 'a', 'some longer value that repeats', 'w'.repeat(2000)),
      fc.stringMatching(/^[!-~]{1,40}$/),
      fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])$/),
    ),
  ) as fc.Arbitrary<Pair>,
  { selector: ([name]) => name, maxLength: 30 },
);
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.integer({ min: 0, max: 300_000 }).map((size) => Buffer.alloc(size, size & 0xff)),
);
const exchanges = fc.array(fc.record({ fields, body: bodies, trailers: fc.option(fields, { nil: undefined }) }), {
  minLength: 1,
  maxLength: 10,
});

interface Answer {
  readonly status: number;
  readonly fields: Pair[];
  readonly body: Buffer;
  readonly trailers: Pair[];
}

function custom(headers: IncomingHttpHeaders | Headers): Pair[] {
  const pairs = headers instanceof Headers ? [...headers.entries()] : (Object.entries(headers) as Pair[]);
  return pairs.filter(([name]) => name.startsWith('x-') && name !== 'x-path');
}

describe('server beside nghttp2', () => {
  let server: AnsweringServer;
  let session: ClientHttp2Session;
  before(async () => {
    server = await startAnsweringServer();
    session = connect(`http://127.0.0.1:${server.port}`);
    await once(session, 'connect');
  });
  after(async () => {
    session.close();
    await server.close();
  });

  async function ask(pairs: Pair[], body: Uint8Array, trailers: Pair[] | undefined): Promise<Answer> {
    const options = { endStream: false, waitForTrailers: trailers !== undefined };
    const stream = session.request({ ':method': 'POST', ':path': '/p', ...Object.fromEntries(pairs) }, options);
    if (trailers) stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(trailers)));
    stream.end(body);
    let received: Pair[] = [];
    stream.on('trailers', (headers: IncomingHttpHeaders) => (received = custom(headers)));
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    return { status: headers[':status'], fields: custom(headers), body: Buffer.concat(parts), trailers: received };
  }

  it('reads what nghttp2 sends and is read by it: fields, bodies, trailers, many streams at a time', async () => {
    await fc.assert(
      fc.asyncProperty(exchanges, async (requests) => {
        const answers = await Promise.all(requests.map(({ fields, body, trailers }) => ask(fields, body, trailers)));
        answers.forEach((answer, i) => {
          const { fields, body, trailers } = requests[i]!;
          const expected = body.length > 0 ? Buffer.from(body) : Buffer.from('hello');
          assert.deepEqual(answer, { status: 200, fields, body: expected, trailers: trailers ?? [] });
        });
      }),
      { numRuns: 30 },
    );
  });

  it('moves more than all windows hold', async () => {
    const body = Buffer.alloc(9 * 1024 * 1024, 'x');
    const answers = await Promise.all([ask([], body, undefined), ask([], body, undefined)]);
    for (const answer of answers) assert.ok(answer.body.equals(body));
  });

  it('ends streams that the client gives up, and serves on', async () => {
    for (let i = 0; i < 20; i++) {
      const stream = session.request({ ':method': 'POST', ':path': '/' });
      stream.on('error', () => undefined);
      stream.close(8);
      await once(stream, 'close');
    }
    assert.equal((await ask([], Buffer.from('z'), undefined)).body.toString(), 'z');
    assert.equal(server.connections.at(-1)!.streamCount, 0);
  });

  it('lets streams end after goAway, then closes', async () => {
    const other = connect(`http://127.0.0.1:${server.port}`);
    const stream = other.request({ ':method': 'POST', ':path': '/' });
    stream.write('a');
    await once(other, 'remoteSettings');
    await new Promise<void>((resolve) => void other.ping(() => resolve()));
    const gone = once(other, 'goaway');
    server.connections.at(-1)!.goAway();
    await gone;
    stream.end('b');
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    assert.equal(Buffer.concat(parts).toString(), 'ab');
    if (!other.closed) await once(other, 'close');
  });
});

describe('client beside nghttp2', () => {
  let server: Http2Server;
  let connection: Http2Connection;
  before(async () => {
    server = createServer();
    server.on('stream', (stream, headers) => void echo(stream as ServerHttp2Stream, headers));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    connection = await connectHttp2((server.address() as AddressInfo).port);
  });
  after(() => {
    connection.goAway();
    server.close();
  });

  async function echo(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on('error', () => undefined);
    let trailers: Pair[] = [];
    stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = custom(received)));
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    stream.additionalHeaders({ ':status': 103, 'x-early': 'yes' });
    stream.respond({ ':status': 200, ...Object.fromEntries(custom(headers)) }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(trailers)));
    stream.end(Buffer.concat(parts));
  }

  it('is read by nghttp2 and reads what it sends: fields, interim responses, bodies, trailers', async () => {
    await fc.assert(
      fc.asyncProperty(exchanges, async (requests) => {
        const answers = await Promise.all(requests.map((request) => new Exchange().run(connection, request)));
        answers.forEach((answer, i) => {
          const { fields, body, trailers } = requests[i]!;
          assert.deepEqual(answer, {
            status: 200,
            fields,
            body: Buffer.from(body),
            trailers: trailers ?? [],
            interim: [103],
          });
        });
      }),
      { numRuns: 30 },
    );
  });

  it('moves more than all windows hold', async () => {
    const body = Buffer.alloc(5 * 1024 * 1024, 'y');
    const answer = await new Exchange().run(connection, { fields: [], body, trailers: undefined });
    assert.ok(answer.body.equals(body));
  });
});

/** One request of ours, and what came back. */
class Exchange implements Http2StreamHandler {
  readonly #answer = {
    status: 0,
    fields: [] as Pair[],
    body: Buffer.alloc(0),
    trailers: [] as Pair[],
    interim: [] as number[],
  };
  readonly #parts: Buffer[] = [];
  readonly #done = Promise.withResolvers<Answer & { interim: number[] }>();

  run(
    connection: Http2Connection,
    request: { fields: Pair[]; body: Uint8Array; trailers: Pair[] | undefined },
  ): Promise<Answer & { interim: number[] }> {
    const pseudo = { kind: 'request', method: 'POST', scheme: 'http', authority: 'a', path: '/' } as const;
    const stream = connection.request(this, pseudo, headersOf(request.fields), false);
    assert.ok(stream);
    stream.sendBody(Buffer.from(request.body), request.trailers === undefined);
    if (request.trailers) stream.sendTrailers(headersOf(request.trailers));
    return this.#done.promise;
  }

  onHead(pseudo: PseudoFields, headers: Headers): void {
    if (pseudo.kind === 'response') this.#answer.status = pseudo.status;
    this.#answer.fields = custom(headers);
  }

  onInformational(status: number, headers: Headers): void {
    assert.equal(headers.get('x-early'), 'yes');
    this.#answer.interim.push(status);
  }

  onBody(chunk: Buffer): void {
    this.#parts.push(Buffer.from(chunk));
  }

  onEnd(trailers: Headers | undefined): void {
    this.#answer.trailers = trailers ? custom(trailers) : [];
    this.#done.resolve({ ...this.#answer, body: Buffer.concat(this.#parts) });
  }

  onReset(code: string): void {
    this.#done.reject(new Error(`reset: ${code}`));
  }

  onDrain(): void {
    // Everything was given at once.
  }
}

function headersOf(pairs: Pair[]): Headers {
  const headers = new Headers();
  for (const [name, value] of pairs) headers.add(name, value);
  return headers;
}
