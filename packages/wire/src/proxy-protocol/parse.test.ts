import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { peekProxyHeader } from './parse.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

const port = fc.integer({ min: 0, max: 65_535 });
const ipv4 = fc.record({
  family: fc.constant(4),
  source: fc.ipV4(),
  destination: fc.ipV4(),
  sourcePort: port,
  destinationPort: port,
});
const ipv6 = fc.record({
  family: fc.constant(6),
  source: fc.constantFrom('2001:db8::1', '::1', 'fe80::a:b:c:d'),
  destination: fc.constantFrom('2001:db8::2', '::', '1:2:3:4:5:6:7:8'),
  sourcePort: port,
  destinationPort: port,
});
const extensions = fc.array(
  fc.record({ type: fc.integer({ min: 0, max: 255 }), value: fc.uint8Array({ maxLength: 40 }) }),
  { maxLength: 4 },
);

type Ends = typeof ipv4 | typeof ipv6 extends fc.Arbitrary<infer Value> ? Value : never;

function v1({ family, source, destination, sourcePort, destinationPort }: Ends): Buffer {
  return Buffer.from(`PROXY TCP${family} ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`);
}

function v2(ends: Ends, tlvs: readonly { readonly type: number; readonly value: Uint8Array }[]): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(ends.sourcePort, 0);
  ports.writeUInt16BE(ends.destinationPort, 2);
  const parts = tlvs.map(({ type, value }) => Buffer.from([type, value.length >> 8, value.length & 255, ...value]));
  const body = Buffer.concat([addressBytes(ends.source), addressBytes(ends.destination), ports, ...parts]);
  const fixed = Buffer.from([0x21, ends.family === 4 ? 0x11 : 0x21, body.length >> 8, body.length & 255]);
  return Buffer.concat([SIGNATURE, fixed, body]);
}

function addressBytes(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const gap = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: gap }, () => '0'), ...groups(tail)];
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]));
}

const rest = Buffer.from('GET / HTTP/1.1\r\n');

test('reads what a proxy wrote, and asks for more until it is whole', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), extensions, fc.boolean(), (ends, tlvs, isV1) => {
      const header = isV1 ? v1(ends) : v2(ends, tlvs);
      for (let length = 0; length < header.length; length++)
        assert.equal(peekProxyHeader(header.subarray(0, length)).kind, 'need-more');
      assert.deepEqual(peekProxyHeader(Buffer.concat([header, rest])), {
        kind: 'header',
        version: isV1 ? 1 : 2,
        size: header.length,
        ends: {
          source: { host: ends.source, port: ends.sourcePort },
          destination: { host: ends.destination, port: ends.destinationPort },
        },
        extensions: isV1 ? [] : tlvs.map(({ type, value }) => ({ type, value: Buffer.from(value) })),
      });
    }),
  );
});

test('never throws, and never takes more than there is, whatever comes', () => {
  const start = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    SIGNATURE.toString('latin1'),
    `${SIGNATURE.toString('latin1')}\x21\x11`,
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (prefix, noise) => {
      const bytes = Buffer.concat([Buffer.from(prefix, 'latin1'), noise]);
      const peek = peekProxyHeader(bytes);
      if (peek.kind === 'header') assert.ok(peek.size <= bytes.length);
      if (peek.kind === 'need-more') assert.ok(bytes.length < 16 + 65_536);
    }),
  );
});

test('a proxy that speaks for itself names no ends', () => {
  const local = Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 3]), Buffer.from('abc')]);
  const expected = { kind: 'header', ends: undefined, extensions: [] };
  assert.deepEqual(peekProxyHeader(local), { ...expected, version: 2, size: local.length });
  assert.deepEqual(peekProxyHeader(Buffer.from('PROXY UNKNOWN\r\n')), { ...expected, version: 1, size: 15 });
});

test('what is cut off, too long or of another family is malformed', () => {
  const kinds = [
    'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n',
    'PROXY TCP4 1.2.3.4 ::1 1 2\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n',
    'PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n',
    `PROXY TCP4 ${' '.repeat(120)}`,
  ].map((text) => peekProxyHeader(Buffer.from(text)).kind);
  assert.deepEqual(
    kinds,
    Array.from(kinds, () => 'malformed'),
  );
  const short = Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0, 4]), Buffer.from('abcd')]);
  const cut = Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0, 14]), Buffer.alloc(12), Buffer.from([1, 0])]);
  const family = Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x31, 0, 0])]);
  assert.deepEqual(
    [short, cut, family].map((bytes) => peekProxyHeader(bytes).kind),
    ['malformed', 'malformed', 'malformed'],
  );
  assert.equal(peekProxyHeader(rest).kind, 'absent');
});
