// Bytes of an HTTP/2 client → what our connection tells and writes: the same however they are cut, never an exception, in bounds.
import assert from 'node:assert/strict';
import { Bench } from '../http2/connection-bench.ts';
import type { FuzzTarget } from './fuzz-target.ts';

export const http2Connections: FuzzTarget = {
  name: 'http2-connections',
  words: [
    '\0\0\0\x04\0\0\0\0\0',
    '\0\0\0\x00\x01\0\0\0\x01',
    '\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08',
    '\0\0\x04\x08\0\0\0\0\0\x7f\xff\xff\xff',
    '\0\0\x08\x06\0\0\0\0\0liveness',
    '\0\0\x03\x01\x05\0\0\0\x03\x82\x86\x84',
    '\0\0\0\x09\x04\0\0\0\x01',
  ],
  async check(bytes) {
    const whole = await told([bytes]);
    const bytewise = await told(Array.from(bytes, (byte) => Buffer.of(byte)));
    assert.deepEqual(bytewise, whole);
  },
};

async function told(pieces: readonly Buffer[]): Promise<{ events: readonly string[]; wrote: readonly string[] }> {
  const bench = new Bench();
  bench.receive(...pieces);
  return { events: bench.events, wrote: (await bench.wrote()).filter((line) => !line.startsWith('WINDOW_UPDATE')) };
}
