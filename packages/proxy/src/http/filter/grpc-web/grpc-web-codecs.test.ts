import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from '@meltemi/wire';
import fc from 'fast-check';
import { Base64Decoder } from './base64-decoder.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { trailerFrame } from './trailer-frame.ts';

/** The bytes in pieces that end at the given places. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

const places = fc.array(fc.nat(), { maxLength: 12 });
const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });

test('base64 comes out whole, wherever it is cut and padded', () => {
  fc.assert(
    fc.property(messages, places, (parts, at) => {
      const text = parts.map((part) => Buffer.from(part).toString('base64')).join('');
      const decoder = new Base64Decoder();
      const out = cut(Buffer.from(text), at).map((piece) => decoder.decode(piece)!);
      assert.deepEqual(Buffer.concat(out), Buffer.concat(parts));
      assert.ok(decoder.complete);
    }),
  );
});

test('what is no base64 is refused, and what is cut off is not complete', () => {
  for (const wrong of ['!!!!', 'AB=C', '====', 'AAAA A=='])
    assert.equal(new Base64Decoder().decode(Buffer.from(wrong)), undefined);
  const decoder = new Base64Decoder();
  decoder.decode(Buffer.from('AAAAA'));
  assert.equal(decoder.complete, false);
});

test('frames become base64 each for itself, wherever they are cut', () => {
  fc.assert(
    fc.property(messages, places, (parts, at) => {
      const frames = parts.map((part) => {
        const head = Buffer.alloc(5);
        head.writeUInt32BE(part.length, 1);
        return Buffer.concat([head, part]);
      });
      const encoder = new FrameEncoder();
      const out = cut(Buffer.concat(frames), at).map((piece) => encoder.encode(piece));
      assert.equal(out.join(''), frames.map((frame) => frame.toString('base64')).join(''));
    }),
  );
});

test('trailers are one frame of lines', () => {
  const trailers = new Headers();
  trailers.append('grpc-status', '0');
  trailers.append('x', 'a b');
  assert.equal(trailerFrame(trailers).toString('latin1'), '\x80\0\0\0\x16grpc-status:0\r\nx:a b\r\n');
});
