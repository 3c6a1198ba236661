// Bytes of an HTTP/1.1 server → what our parser takes as the response, held to llhttp: what that refuses, we refuse.
import assert from 'node:assert/strict';
import { Agent, type IncomingMessage, request as begin } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { ResponseParser } from '../http1/response-parser.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { HTTP1_WORDS } from './http1-words.ts';

export const http1Responses: FuzzTarget = {
  name: 'http1-responses',
  words: HTTP1_WORDS,
  async check(bytes) {
    const whole = responseIn([bytes]);
    // Bytes behind a response's end are seen only where they come in one read with it.
    if (whole === undefined) return;
    const pieces = Array.from(bytes, (byte) => Buffer.of(byte));
    assert.equal(responseIn(pieces), whole, 'read byte by byte');
    assert.equal(whole, await theirs(bytes));
  },
};

/** `200 body`; undefined: refused, or not whole. */
function responseIn(pieces: readonly Buffer[]): string | undefined {
  let response = '';
  let [ended, refused] = [false, false];
  const parser = new ResponseParser({
    onInformational: () => undefined,
    onHead: (head) => (response = `${head.status} `),
    onBody: (chunk) => (response += chunk.toString('latin1')),
    onEnd: () => (ended = true),
    onError: () => (refused = true),
  });
  parser.expect('GET');
  for (const piece of pieces) parser.execute(piece);
  parser.finish();
  return ended && !refused ? response : undefined;
}

/** Connections are made of nothing but memory. */
class MemoryAgent extends Agent {
  readonly #side: Duplex;

  constructor(side: Duplex) {
    super();
    this.#side = side;
  }

  override createConnection(): Duplex {
    return this.#side;
  }
}

async function theirs(bytes: Buffer): Promise<string | undefined> {
  const [client, server] = duplexPair();
  server.on('error', () => undefined);
  server.once('data', () => void server.end(bytes));
  const agent = new MemoryAgent(client);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const request = begin({ agent, host: 'a' });
  request.once('error', () => resolve(undefined));
  let answered = false;
  request.once('close', () => {
    if (!answered) resolve(undefined);
  });
  request.once('upgrade', () => resolve(undefined));
  request.once('response', (response: IncomingMessage) => {
    let body = '';
    answered = true;
    response.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
    response.on('error', () => undefined);
    response.on('close', () => resolve(undefined));
    response.on('end', () => resolve(response.complete ? `${response.statusCode} ${body}` : undefined));
  });
  request.end();
  const response = await promise;
  client.destroy();
  server.destroy();
  agent.destroy();
  return response;
}
