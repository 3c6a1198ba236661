// The words of proxy-status, and what it finds different.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@bufbuild/protobuf';
import { TYPE_URL } from '@meltemi/api';
import fc from 'fast-check';
import { statusTable } from './proxy-status.ts';
import { diffResources } from './resource-diff.ts';
import { syncEntries } from './sync-entry.ts';

test('what was sent and taken is read by nonces; a refusal is an ERROR with its reason', () => {
  const entries = syncEntries([
    { proxy: 'b.x', cluster_sent: '2', cluster_acked: '1', listener_sent: '1', listener_acked: '1' },
    {
      proxy: 'a.x',
      cluster_id: 'K',
      istio_version: '1.31',
      cluster_sent: '2',
      cluster_acked: '2',
      resources: { [TYPE_URL.CDS]: { lastError: 'no' } },
    },
  ]);
  assert.deepEqual(entries[0]!.types.CDS, { status: 'ERROR', error: 'no' });
  assert.deepEqual(statusTable(entries).slice(1), [
    ['a.x', 'K', 'ERROR', 'NOT SENT', 'NOT SENT', 'NOT SENT', 'NOT SENT', 'pilot-discovery', '1.31'],
    ['b.x', '-', 'STALE', 'SYNCED', 'NOT SENT', 'NOT SENT', 'NOT SENT', 'pilot-discovery', '-'],
  ]);
});

test('a difference has its path and both values', () => {
  const proxy = new Map<string, JsonValue>([
    ['a', { x: [{ y: 1 }], z: 'same' }],
    ['b', {}],
  ]);
  const controlPlane = new Map<string, JsonValue>([['a', { x: [{ y: 2 }, 3], z: 'same' }]]);
  assert.deepEqual(diffResources(proxy, controlPlane), [
    { resource: 'a', path: 'x[0].y', proxy: 1, controlPlane: 2 },
    { resource: 'a', path: 'x[1]', proxy: undefined, controlPlane: 3 },
    { resource: 'b', path: '', proxy: {}, controlPlane: undefined },
  ]);
});

test('there is a difference exactly where the values differ, whatever the order of their keys', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
  const isEqual = (a: JsonValue, b: JsonValue) => {
    try {
      assert.deepEqual(a, b);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(json, json, (a, b) => {
      const found = diffResources(new Map([['r', a]]), new Map([['r', b]]));
      assert.equal(found.length === 0, isEqual(a, b));
      assert.deepEqual(diffResources(new Map([['r', a]]), new Map([['r', reversed(a)]])), []);
    }),
  );
});

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
