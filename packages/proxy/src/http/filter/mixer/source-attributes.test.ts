// Whom a sidecar believes who calls.
import assert from 'node:assert/strict';
import test from 'node:test';

import type { AttributeValue } from '@meltemi/api/mixer';

import type { ConnectionEntry } from '../../stream-entry.ts';
import { StreamEntry } from '../../stream-entry.ts';
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
