// Keys and names of clusters, as the notes of Istio 0.x show them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatServiceKey, hashedKey, outboundClusterName, parseServiceKey, type ServiceKey } from './service-key.ts';

const REVIEWS = 'reviews.default.svc.cluster.local';

const word = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/);
const key: fc.Arbitrary<ServiceKey> = fc.record(
  {
    host: word,
    port: fc.oneof(fc.constant(''), word),
    labels: fc.dictionary(word, fc.oneof(fc.constant(''), word), { maxKeys: 4, noNullPrototype: true }),
  },
  { noNullPrototype: true },
);

test('a key says the host, then the port, then the labels by name', () => {
  const written = [
    formatServiceKey({ host: REVIEWS, port: '', labels: {} }),
    formatServiceKey({ host: REVIEWS, port: 'http', labels: {} }),
    formatServiceKey({ host: REVIEWS, port: 'http', labels: { version: 'v1', env: 'prod' } }),
    formatServiceKey({ host: REVIEWS, port: '', labels: { canary: '' } }),
  ];
  assert.deepEqual(written, [REVIEWS, `${REVIEWS}|http`, `${REVIEWS}|http|env=prod,version=v1`, `${REVIEWS}||canary`]);
});

test('a cluster is named by the hash of its key', () => {
  assert.equal(
    outboundClusterName({ host: REVIEWS, port: 'http', labels: { version: 'v1' } }),
    'out.c7c42a0ffbf55f227c7c7c70637160bebc86e072',
  );
  assert.equal(
    hashedKey({ host: 'kube-dns.kube-system.svc.cluster.local', port: 'dns-tcp', labels: {} }),
    'f8623c41b5eb88a22366307b5bf7722b8d1d67c6',
  );
});

test('what is written is read', () => {
  fc.assert(fc.property(key, (written) => assert.deepEqual(parseServiceKey(formatServiceKey(written)), written)));
});

test('the order of labels changes no name, and different keys have different names', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const turned = { ...a, labels: Object.fromEntries(Object.entries(a.labels).toReversed()) };
      assert.equal(outboundClusterName(turned), outboundClusterName(a));
      assert.match(outboundClusterName(a), /^out\.[0-9a-f]{40}$/);
      if (formatServiceKey(a) !== formatServiceKey(b)) assert.notEqual(hashedKey(a), hashedKey(b));
    }),
  );
});

test('any text is read as a key', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseServiceKey(text)));
});
