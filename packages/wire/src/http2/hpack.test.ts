import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { Http2Error } from './http2-error.ts';
import { huffmanDecode, huffmanEncode, huffmanLength } from './huffman.ts';
import { words, wordLengths } from './huffman-code.ts';
import { staticTable } from './static-table.ts';

type Pair = [name: string, value: string];

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const names = fc.oneof(
  fc.constantFrom(':path', ':method', 'x-a', 'x-b', 'cookie', 'content-type', 'x-request-id', 'date'),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
);
const values = fc.oneof(fc.constantFrom('', 'GET', 'v', 'w'.repeat(300)), latin1);
const lists = fc.array(fc.tuple(names, values), { maxLength: 20 });

function decode(decoder: HpackDecoder, block: Buffer): Pair[] {
  const pairs: Pair[] = [];
  decoder.decode(block, 0, block.length, { onField: ({ name, value }) => void pairs.push([name, value]) });
  return pairs;
}

function decodeHex(hex: string): Pair[] {
  return decode(new HpackDecoder(), Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

describe('Huffman code', () => {
  it('is the one of RFC 7541: samples of each length', () => {
    const samples = [
      ['0', 0x0, 5],
      ['A', 0x21, 6],
      [':', 0x5c, 7],
      ['&', 0xf8, 8],
      ['!', 0x3f8, 10],
      ['\\', 0x7fff0, 19],
      ['\xf9', 0xffffffe, 28],
      ['\n', 0x3ffffffc, 30],
    ] as const;
    for (const [symbol, word, length] of samples) {
      const code = symbol.charCodeAt(0);
      assert.deepEqual([words[code], wordLengths[code]], [word, length], JSON.stringify(symbol));
    }
    assert.equal(words[256], 0x3fffffff);
  });

  it('codes the texts of RFC 7541 C.4 as it does', () => {
    const out = Buffer.alloc(64);
    for (const [text, hex] of [
      ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
      ['no-cache', 'a8eb10649cbf'],
      ['custom-value', '25a849e95bb8e8b4bf'],
    ] as const) {
      assert.equal(out.subarray(0, huffmanEncode(text, out, 0)).toString('hex'), hex);
    }
  });

  it('gives back what it coded', () => {
    fc.assert(
      fc.property(latin1, (text) => {
        const coded = Buffer.alloc(huffmanLength(text));
        assert.equal(huffmanEncode(text, coded, 0), coded.length);
        const decoded = Buffer.alloc(coded.length * 2);
        assert.equal(decoded.latin1Slice(0, huffmanDecode(coded, 0, coded.length, decoded)), text);
      }),
    );
  });

  it('refuses EOS, padding with zeros and padding of a byte or more', () => {
    for (const hex of ['ffffffff', '00', 'f1e3c2e5f23a6ba0ab90f4fe', 'f1e3c2e5f23a6ba0ab90f4ffff']) {
      const bytes = Buffer.from(hex, 'hex');
      assert.throws(() => huffmanDecode(bytes, 0, bytes.length, Buffer.alloc(64)), { code: 'COMPRESSION_ERROR' });
    }
  });
});

describe('HpackDecoder', () => {
  it('reads the requests of RFC 7541 C.4 with one table', () => {
    const decoder = new HpackDecoder();
    const common: Pair[] = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ];
    assert.deepEqual(decode(decoder, Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex')), common);
    assert.deepEqual(decode(decoder, Buffer.from('828684be5886a8eb10649cbf', 'hex')), [
      ...common,
      ['cache-control', 'no-cache'],
    ]);
    assert.deepEqual(decode(decoder, Buffer.from('828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', 'hex')), [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/index.html'],
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ]);
  });

  it('evicts as RFC 7541 C.6 does with a table of 256 bytes', () => {
    const decoder = new HpackDecoder();
    const blocks = [
      '3fe101 488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ];
    const answers = blocks.map((hex) => decode(decoder, Buffer.from(hex.replaceAll(' ', ''), 'hex')));
    assert.deepEqual(answers[1], [
      [':status', '307'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ]);
    assert.deepEqual(answers[2]!.slice(-2), [
      ['content-encoding', 'gzip'],
      ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
    ]);
  });

  it('refuses blocks that are broken', () => {
    const broken = {
      'index 0': '80',
      'an index behind the table': 'be',
      'an integer without end': 'ffffffffffffffffff',
      'an integer cut short': 'ff80',
      'a text longer than the block': '40 05 61',
      'a literal without value': '40 01 61',
      'a table larger than allowed': '3fe2 1f',
      'a size update behind a field': '82 20',
    };
    for (const [what, hex] of Object.entries(broken)) {
      assert.throws(() => decodeHex(hex), { code: 'COMPRESSION_ERROR' }, what);
    }
  });

  it('never fails but by a compression error, and decodes no more than the block can name', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder();
        try {
          for (const block of blocks) assert.ok(decode(decoder, Buffer.from(block)).length <= block.length);
        } catch (error) {
          assert.ok(error instanceof Http2Error && error.code === 'COMPRESSION_ERROR');
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('HpackEncoder', () => {
  it('is read back by the decoder, over many blocks and changes of the table', () => {
    const steps = fc.array(fc.oneof(lists, fc.integer({ min: 0, max: 5000 })), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (steps) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder();
        for (const step of steps) {
          if (typeof step === 'number') {
            encoder.limitTable(step);
            continue;
          }
          encoder.begin();
          for (const [name, value] of step) encoder.add(name, value);
          assert.deepEqual(decode(decoder, encoder.end()), step);
        }
      }),
    );
  });

  it('sends a field again as one byte, but no secret and nothing that changes each time', () => {
    const encoder = new HpackEncoder();
    const sizes = [0, 1].map(() =>
      ['x-tenant', 'authorization', 'x-request-id'].map((name) => {
        encoder.begin();
        encoder.add(name, 'some value');
        return encoder.end().length;
      }),
    );
    assert.equal(sizes[1]![0], 1);
    assert.deepEqual(sizes[1]!.slice(1), sizes[0]!.slice(1));
  });

  it('marks secrets so that nobody on the way compresses them', () => {
    const encoder = new HpackEncoder();
    encoder.begin();
    encoder.add('authorization', 'x');
    assert.equal(encoder.end()[0]! & 0xf0, 0x10);
  });
});

describe('static table', () => {
  it('has the 61 fields of RFC 7541 Appendix A', () => {
    assert.equal(staticTable.length, 61);
    const at = (index: number): Pair => [staticTable[index - 1]!.name, staticTable[index - 1]!.value];
    assert.deepEqual([1, 7, 8, 16, 32, 61].map(at), [
      [':authority', ''],
      [':scheme', 'https'],
      [':status', '200'],
      ['accept-encoding', 'gzip, deflate'],
      ['cookie', ''],
      ['www-authenticate', ''],
    ]);
  });
});
