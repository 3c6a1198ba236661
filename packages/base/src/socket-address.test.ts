import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSocketAddress, parseSocketAddress } from './socket-address.ts';

test('an address survives its text', () => {
  const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
  fc.assert(
    fc.property(hosts, fc.nat(65_535), (host, port) => {
      assert.deepEqual(parseSocketAddress(formatSocketAddress({ host, port })), { host, port });
    }),
  );
});

test('refuses what is not host and port', () => {
  for (const text of ['', 'host', ':80', 'host:', 'host:65536', 'a b:80', '::1:80', '[::1]', 'host:-1']) {
    assert.equal(parseSocketAddress(text), undefined, text);
  }
});
