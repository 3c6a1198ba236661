// What one sidecar tells the next of its workload, and whom it is believed.
import assert from 'node:assert/strict';
import test from 'node:test';

import { create } from '@bufbuild/protobuf';
import { AttributesSchema } from '@meltemi/api/istio/mixer/v1/attributes_pb';
import fc from 'fast-check';

import type { ConnectionEntry } from '../../stream-entry.ts';
import { StreamEntry } from '../../stream-entry.ts';
import { forwardedField, readForwarded } from './forwarded-attributes.ts';
import type { AttributeValue } from './mixer.ts';
import { addSource } from './source-attributes.ts';

const FORGED = new Map<string, AttributeValue>([
  ['source.uid', 'kubernetes://admin.kube-system'],
  ['source.namespace', 'kube-system'],
  ['source.labels', new Map([['version', 'v9']])],
  ['request.path', '/public'],
]);

function sourceOf(uris: readonly string[]): ReadonlyMap<string, AttributeValue> {
  const peer = uris.length > 0 ? { uris, dns: [], subject: '' } : undefined;
  const entry = new StreamEntry({ peer } as unknown as ConnectionEntry);
  entry.remoteAddress = '10.0.0.7';
  const attributes = new Map<string, AttributeValue>();
  addSource(attributes, entry, () => FORGED);
  return attributes;
}

test('of a peer without a certificate only its address is believed', () => {
  assert.deepEqual([...sourceOf([])], [['source.ip', Buffer.from([10, 0, 0, 7])]]);
});

test('a peer may say of itself what its certificate does not, and nothing else', () => {
  const attributes = sourceOf(['spiffe://cluster.local/ns/shop/sa/web']);
  assert.equal(attributes.get('source.principal'), 'cluster.local/ns/shop/sa/web');
  assert.equal(attributes.get('source.namespace'), 'shop');
  assert.equal(attributes.get('source.serviceAccount'), 'web');
  assert.deepEqual(attributes.get('source.labels'), new Map([['version', 'v9']]));
  assert.equal(attributes.get('request.path'), undefined);
});

test('the field of 0.1, as it was captured, is read', () => {
  const captured =
    'ChcKCXNvdXJjZS5pcBIKMTcyLjE3LjAuOAo5Cgpzb3VyY2UudWlkEitrdWJlcm5ldGVzOi8vc2xlZXAtMTAwOTE4NDI1OS1tajBzOS5kZWZhdWx0';
  assert.deepEqual(
    [...readForwarded(captured)],
    [
      ['source.ip', Buffer.from([172, 17, 0, 8])],
      ['source.uid', 'kubernetes://sleep-1009184259-mj0s9.default'],
    ],
  );
});

test('what is told is what is read', () => {
  const name = fc.constantFrom('source.uid', 'source.name', 'source.labels', 'a');
  const value = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => ({ case: 'stringValue' as const, value: text })),
    fc.boolean().map((flag) => ({ case: 'boolValue' as const, value: flag })),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((number) => ({ case: 'int64Value' as const, value: number })),
  );
  fc.assert(
    fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (values) => {
      const entries = Object.entries(values).map(([key, each]) => [key, { value: each }]);
      const message = create(AttributesSchema, { attributes: Object.fromEntries(entries) as Record<string, never> });
      const read = readForwarded(forwardedField(message));
      assert.deepEqual(new Map(read), new Map(Object.entries(values).map(([key, each]) => [key, each.value])));
    }),
  );
});

test('no bytes make it fail', () => {
  fc.assert(fc.property(fc.string(), (field) => void readForwarded(field)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readForwarded(Buffer.from(bytes).toString('base64'))));
  assert.equal(readForwarded(undefined).size, 0);
});
