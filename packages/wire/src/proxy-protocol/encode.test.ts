// What is encoded as a PROXY protocol header is read back as the same ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeProxyHeader, type ProxyEnds } from './encode.ts';
import { peekProxyHeader } from './parse.ts';

const port = fc.nat({ max: 65_535 });
const endsOf = (host: fc.Arbitrary<string>): fc.Arbitrary<ProxyEnds> => {
  const address = fc.record({ host, port }, { noNullPrototype: true });
  return fc.record({ source: address, destination: address }, { noNullPrototype: true });
};
const bytesOf = (host: string) => new URL(`http://[${host}]`).hostname;

for (const version of [1, 2] as const) {
  test(`v${version} reads back as what it was`, () => {
    fc.assert(
      fc.property(endsOf(fc.ipV4()), (ends) => {
        const bytes = encodeProxyHeader(version, ends);
        const peek = peekProxyHeader(Buffer.concat([bytes, Buffer.from('rest')]));
        assert.deepEqual(peek, { kind: 'header', version, size: bytes.length, ends, extensions: [] });
      }),
    );
    fc.assert(
      fc.property(endsOf(fc.ipV6()), (ends) => {
        const peek = peekProxyHeader(encodeProxyHeader(version, ends));
        assert.ok(peek.kind === 'header' && peek.ends);
        assert.deepEqual(
          [bytesOf(peek.ends.source.host), bytesOf(peek.ends.destination.host), peek.ends.source.port],
          [bytesOf(ends.source.host), bytesOf(ends.destination.host), ends.source.port],
        );
      }),
    );
  });

  test(`v${version} says nothing of ends that are unknown`, () => {
    const peek = peekProxyHeader(encodeProxyHeader(version, undefined));
    assert.ok(peek.kind === 'header' && peek.ends === undefined);
  });
}
