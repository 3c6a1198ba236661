// llhttp, strict, as the oracle: what Node's own server and client refuse, we refuse.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { RequestParser } from './request-parser.ts';
import { ResponseParser } from './response-parser.ts';

/** Number of requests that our parser takes from the text, and whether it ends in an error or inside a message. */
function ours(text: string): { requests: number; refused: boolean } {
  let requests = 0;
  let refused = false;
  const parser = new RequestParser({
    onHead: () => undefined,
    onBody: () => undefined,
    onEnd: () => requests++,
    onError: () => (refused = true),
  });
  parser.execute(Buffer.from(text, 'latin1'));
  parser.finish();
  return { requests, refused };
}

describe('RequestParser beside llhttp', () => {
  let taken = 0;
  const server = createServer({ requireHostHeader: true, insecureHTTPParser: false }, (request, response) => {
    request.resume();
    request.on('end', () => {
      taken++;
      response.end();
    });
  });
  server.on('upgrade', (_request, socket) => {
    taken++;
    socket.destroy();
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  /** Number of requests that Node's server takes from the text; it answers all, then the connection is closed. */
  async function theirs(text: string): Promise<number> {
    taken = 0;
    const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(text, 'latin1');
    await once(socket, 'close');
    return taken;
  }

  it('never takes more requests than llhttp does', async () => {
    await fc.assert(
      fc.asyncProperty(mutatedRequests, async (text) => {
        const mine = ours(text);
        if (mine.requests === 0) return;
        const reference = await theirs(text);
        assert.ok(mine.requests <= reference, `ours ${mine.requests}, llhttp ${reference}: ${JSON.stringify(text)}`);
      }),
      { numRuns: 400 },
    );
  });

  it('takes every ordinary request that llhttp takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(ordinary, { minLength: 1, maxLength: 3 }), async (requests) => {
        const text = requests.join('');
        assert.deepEqual(ours(text), { requests: requests.length, refused: false });
        assert.equal(await theirs(text), requests.length);
      }),
      { numRuns: 50 },
    );
  });
});

/** The body of the one response that our parser takes from the text, undefined when it refuses. */
function ourBody(text: string): string | undefined {
  let body = '';
  let ended = false;
  let refused = false;
  const parser = new ResponseParser({
    onInformational: () => undefined,
    onHead: () => undefined,
    onBody: (chunk) => (body += chunk.toString('latin1')),
    onEnd: () => (ended = true),
    onError: () => (refused = true),
  });
  parser.expect('GET');
  parser.execute(Buffer.from(text, 'latin1'));
  parser.finish();
  return ended && !refused ? body : undefined;
}

describe('ResponseParser beside llhttp', () => {
  let answer = '';
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer, 'latin1'));
  });
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => void server.close());

  async function theirBody(text: string): Promise<string | undefined> {
    answer = text;
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
    try {
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of response) body += (chunk as Buffer).toString('latin1');
      return response.complete ? body : undefined;
    } catch {
      return undefined;
    } finally {
      request.destroy();
    }
  }

  it('takes no response that llhttp refuses, and reads the same body', async () => {
    await fc.assert(
      fc.asyncProperty(mutatedResponses, async (text) => {
        const mine = ourBody(text);
        if (mine !== undefined && !closesEarly(text)) assert.equal(await theirBody(text), mine, JSON.stringify(text));
      }),
      { numRuns: 400 },
    );
  });
});

/** llhttp ends where an interim response says `close`, or is of HTTP/1.0; the connection closes after the final one (RFC 9110 §15.2, RFC 9112 §9.6). */
function closesEarly(text: string): boolean {
  return /^HTTP\/1\.(0 1\d\d|1 1\d\d[^]*?\bclose\b[^]*?\r\n\r\n)/i.test(text);
}

const ordinary = fc.constantFrom(
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /x?y=1 HTTP/1.1\r\nhost:a:80\r\nContent-Length: 5\r\nX-A: b, c\r\n\r\nhello',
  'PUT http://a/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;n=v\r\nde\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a="b"\r\nx\r\n0\r\nx-t: v\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
);

const pieces = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  ',',
  '"',
  '#',
  '\x0b',
  '\x7f',
  '\xff',
  '0',
  '1',
  '-',
  'a',
  '\r\n ',
  '\r\n\r\n',
  'Content-Length: 1\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: x\r\n',
  'Host: b\r\n',
  'HTTP/1.0',
  'HTTP/2.0',
  'Connection: close\r\n',
  '0\r\n\r\n',
  'GET /z HTTP/1.1\r\nHost: a\r\n\r\n',
);

/** One or two ordinary requests with up to three pieces put in or over what stood there, most at line borders. */
const mutatedRequests = fc
  .record({
    requests: fc.array(ordinary, { minLength: 1, maxLength: 2 }),
    changes: fc.array(fc.record({ at: fc.nat(400), over: fc.nat(2), piece: pieces, border: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ requests, changes }) => changes.reduce(mutate, requests.join('')));

function mutate(
  text: string,
  change: { readonly at: number; readonly over: number; readonly piece: string; readonly border: boolean },
): string {
  const borders = [...text.matchAll(/\r\n/g)].map((match) => match.index + 2);
  const at = change.border && borders.length > 0 ? borders[change.at % borders.length]! : change.at % text.length;
  return text.slice(0, at) + change.piece + text.slice(at + change.over);
}

const mutatedResponses = fc
  .record({
    response: fc.constantFrom(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b, c\r\n\r\nhello',
      'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;n=v\r\nde\r\n0\r\nx-t: v\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
      'HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n',
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil close',
    ),
    changes: fc.array(fc.record({ at: fc.nat(200), over: fc.nat(2), piece: pieces, border: fc.boolean() }), {
      maxLength: 3,
    }),
  })
  .map(({ response, changes }) => changes.reduce(mutate, response));
