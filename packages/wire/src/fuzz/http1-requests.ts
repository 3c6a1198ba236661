// Bytes of an HTTP/1.1 client → what our parser takes of them, held to what llhttp takes: the same requests, and never more.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { finished } from 'node:stream/promises';
import { RequestParser } from '../http1/request-parser.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { HTTP1_WORDS } from './http1-words.ts';

export const http1Requests: FuzzTarget = {
  name: 'http1-requests',
  words: HTTP1_WORDS,
  async check(bytes) {
    const own = ours(bytes);
    assert.deepEqual(own.bytewise, own.whole, 'read byte by byte');
    if (own.whole.length === 0) return;
    const { requests, upgraded } = await theirs(bytes);
    const compared = own.whole.map((request, at) => (at === upgraded ? headOf(request) : request));
    assert.deepEqual(compared.slice(0, upgraded + 1), requests.slice(0, own.whole.length));
  },
};

function headOf(request: string): string {
  return request.slice(0, request.indexOf(' ', request.indexOf(' ') + 1) + 1);
}

/** Each as `GET /path body`. */
function ours(bytes: Buffer): { readonly whole: readonly string[]; readonly bytewise: readonly string[] } {
  return { whole: requestsIn([bytes]), bytewise: requestsIn(Array.from(bytes, (byte) => Buffer.of(byte))) };
}

function requestsIn(pieces: readonly Buffer[]): readonly string[] {
  const requests: string[] = [];
  let request = '';
  const parser = new RequestParser({
    onHead: (head) => (request = `${head.method} ${head.target} `),
    onBody: (chunk) => (request += chunk.toString('latin1')),
    onEnd: () => requests.push(request),
    onError: () => undefined,
  });
  for (const piece of pieces) if (parser.execute(piece) < piece.length) break;
  parser.finish();
  return requests;
}

/** Of the one that asks for an upgrade Node reads the head alone, and nothing after it: a body may be there, or not. */
async function theirs(bytes: Buffer): Promise<{ readonly requests: readonly string[]; readonly upgraded: number }> {
  let upgraded = Infinity;
  /** Undefined: not whole. */
  const requests: (string | undefined)[] = [];
  const server = createServer({ insecureHTTPParser: false });
  const note = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    const at = requests.push(undefined) - 1;
    request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
    request.on('end', () => {
      requests[at] = `${request.method} ${request.url} ${body}`;
      response.end();
    });
    request.on('error', () => undefined);
  };
  for (const event of ['request', 'checkExpectation']) server.on(event, note);
  for (const event of ['upgrade', 'connect']) {
    server.on(event, (request: IncomingMessage, socket: Duplex) => {
      upgraded = requests.push(`${request.method} ${request.url} `) - 1;
      // Those before it may still be on their way to their ends.
      setImmediate(() => void socket.destroy());
    });
  }
  server.on('clientError', (_error, socket) => void setImmediate(() => void socket.destroy()));
  Object.assign(server, { httpAllowHalfOpen: true });
  const [client, side] = duplexPair();
  server.emit('connection', side);
  client.on('error', () => undefined);
  client.resume();
  client.end(bytes);
  await finished(side, { readable: false, cleanup: true }).catch(() => undefined);
  client.destroy();
  side.destroy();
  return { requests: requests.filter((request) => request !== undefined), upgraded };
}
