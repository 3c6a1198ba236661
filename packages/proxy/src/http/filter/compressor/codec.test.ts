import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  brotliDecompressSync,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
  gunzipSync,
  gzipSync,
  zstdDecompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { Codec, OPERATION_FLUSH, ZLIB_FLUSH } from './codec.ts';

const CODECS = [
  {
    name: 'gzip',
    compressor: () => new Codec(createGzip(), ZLIB_FLUSH),
    decompressor: () => new Codec(createGunzip(), ZLIB_FLUSH),
    whole: gunzipSync,
  },
  {
    name: 'brotli',
    compressor: () => new Codec(createBrotliCompress({ params: { 1: 3 } }), OPERATION_FLUSH),
    decompressor: () => new Codec(createBrotliDecompress(), OPERATION_FLUSH),
    whole: brotliDecompressSync,
  },
  {
    name: 'zstd',
    compressor: () => new Codec(createZstdCompress(), OPERATION_FLUSH),
    decompressor: () => new Codec(createZstdDecompress(), OPERATION_FLUSH),
    whole: zstdDecompressSync,
  },
];

const chunks = fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 8 });

for (const { name, compressor, decompressor, whole } of CODECS) {
  test(`${name}: each chunk can be read as soon as it is compressed, and all of it is what went in`, () => {
    fc.assert(
      fc.property(chunks, (parts) => {
        const [packs, unpacks] = [compressor(), decompressor()];
        const out: Buffer[] = [];
        for (const part of parts) {
          const { output } = packs.write(Buffer.from(part));
          out.push(output);
          assert.deepEqual(unpacks.write(output).output, Buffer.from(part));
        }
        out.push(packs.finish().output);
        assert.deepEqual(whole(Buffer.concat(out)), Buffer.concat(parts));
        packs.close();
        unpacks.close();
      }),
      { numRuns: 30 },
    );
  });

  test(`${name}: noise ends in a failure, at the latest with the limit`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 500 }), (noise) => {
        const unpacks = decompressor();
        const { output } = unpacks.write(Buffer.from(noise), 10_000, 4_096);
        assert.ok(output.length <= 10_000 + 4_096);
        unpacks.close();
      }),
      { numRuns: 50 },
    );
  });
}

test('what gives more than the limit is cut at the next full room, and nothing follows', () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  const codec = new Codec(createGunzip(), ZLIB_FLUSH);
  const step = codec.write(bomb, 10_000, 4_096);
  assert.deepEqual([step.output.length, step.failure], [12_288, 'LIMIT']);
  assert.deepEqual(codec.write(bomb), { output: Buffer.alloc(0), failure: 'LIMIT' });
  codec.close();
  codec.close();
});
