// A field block → the fields that our decoder reads, held to nghttp2's: both refuse it, or read the same.
import assert from 'node:assert/strict';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { duplexPair } from 'node:stream';
import { CLIENT_PREFACE, flag, frameType } from '../http2/frame.ts';
import { frame, readFrames } from '../http2/frame-text.ts';
import { HpackDecoder } from '../http2/hpack-decoder.ts';
import { Http2Error } from '../http2/http2-error.ts';
import type { FuzzTarget } from './fuzz-target.ts';

/** Of the largest frame that every peer takes. */
const LONGEST = 16_384;

export const hpackBlocks: FuzzTarget = {
  name: 'hpack-blocks',
  words: [
    '\x3f\xe1\x1f',
    '\x20',
    '\x82\x86\x84',
    '\x40\x01a\x01b',
    '\xbe',
    '\x80',
    '\xff\xff\xff\xff\x0f',
    '\x00\x81\xff\x00',
  ],
  async check(bytes) {
    if (bytes.length > LONGEST) return;
    const own = ours(bytes);
    const reference = await theirs(bytes);
    assert.equal(own === undefined ? 'refused' : 'read', reference.refused ? 'refused' : 'read');
    if (own && reference.fields) assert.deepEqual(keptOf(own, reference.fields), pairs(reference.fields));
  },
};

/** nghttp2 drops fields that no message may have: those of `all` that are in `kept` too, in order. */
function keptOf(all: readonly string[], kept: readonly string[]): readonly string[] {
  const wanted = pairs(kept);
  let next = 0;
  return pairs(all).filter((pair) => pair === wanted[next] && ++next > 0);
}

function pairs(fields: readonly string[]): readonly string[] {
  return fields.flatMap((text, at) => (at % 2 === 0 ? [`${text}: ${fields[at + 1]}`] : []));
}

/** Names and values in turn; undefined: a compression error. */
function ours(block: Buffer): readonly string[] | undefined {
  const fields: string[] = [];
  try {
    new HpackDecoder().decode(block, 0, block.length, {
      onField: ({ name, value }) => void fields.push(name, value),
    });
    return fields;
  } catch (error) {
    if (error instanceof Http2Error && error.code === 'COMPRESSION_ERROR') return undefined;
    throw error;
  }
}

/** `fields`: of what nghttp2 takes for a request. */
async function theirs(block: Buffer): Promise<{ readonly refused: boolean; readonly fields?: readonly string[] }> {
  const server: Http2Server = createServer();
  let fields: readonly string[] | undefined;
  server.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: unknown, raw: readonly string[]) => {
    fields = raw;
    stream.on('error', () => undefined);
    stream.respond({ ':status': 204 }, { endStream: true });
  });
  server.on('sessionError', () => undefined);
  const [client, side] = duplexPair();
  for (const end of [client, side]) end.on('error', () => undefined);
  const answered = lastAnswer(client);
  server.emit('connection', side);
  const head = frame(frameType.headers, flag.endHeaders | flag.endStream, 1, block);
  const parts = [Buffer.from(CLIENT_PREFACE), frame(frameType.settings, 0, 0), head];
  client.write(Buffer.concat([...parts, frame(frameType.ping, 0, 0, Buffer.alloc(8))]));
  const answer = await answered;
  client.destroy();
  side.destroy();
  return { refused: answer.some((line) => line.includes('COMPRESSION_ERROR')), ...(fields && { fields }) };
}

/** The server's frames up to its PONG, its GOAWAY or its end. */
function lastAnswer(client: NodeJS.ReadableStream): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  let received = Buffer.alloc(0);
  let lines: readonly string[] = [];
  client.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    lines = readFrames(received);
    if (lines.some((line) => /^(?:PING|GOAWAY)/.test(line))) resolve(lines);
  });
  client.once('close', () => resolve(lines));
  client.once('end', () => resolve(lines));
  return promise;
}
