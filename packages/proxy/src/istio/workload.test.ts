import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from '@meltemi/wire';
import fc from 'fast-check';
import { workloadOfBaggage } from './baggage.ts';
import { addOwnFields, ownFields, PEER_ID, PEER_METADATA, PeerReader } from './peer-headers.ts';
import { workloadOf, workloadOfBytes, workloadOfEndpoint } from './workload.ts';

const REVIEWS = {
  NAME: 'reviews-v1-1',
  NAMESPACE: 'default',
  WORKLOAD_NAME: 'reviews-v1',
  CLUSTER_ID: 'Kubernetes',
  OWNER: 'kubernetes://apis/apps/v1/namespaces/default/deployments/reviews-v1',
  LABELS: {
    app: 'reviews',
    version: 'v1',
    'service.istio.io/canonical-name': 'reviews',
    'service.istio.io/canonical-revision': 'v1',
  },
};

test('a workload that is told by header is the one that comes out, and the fields are gone', () => {
  const workload = workloadOf(REVIEWS);
  const headers = new Headers();
  headers.append('host', 'a');
  addOwnFields(headers, ownFields('sidecar~1', workload));
  assert.equal(headers.get(PEER_ID), 'sidecar~1');
  assert.deepEqual(new PeerReader().take(headers), workload);
  assert.deepEqual([...headers.entries()], [['host', 'a']]);
  assert.equal(new PeerReader().take(headers), undefined);
});

test('any words are told and read as they are', () => {
  const word = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(word, word, word, word, (name, namespace, app, version) => {
      const workload = workloadOf({ WORKLOAD_NAME: name, NAMESPACE: namespace, LABELS: { app, version } });
      const headers = new Headers();
      headers.append(PEER_METADATA, ownFields('', workload).metadata);
      const read = new PeerReader().take(headers)!;
      assert.deepEqual([read.name, read.namespace, read.app, read.version], [name, namespace, app, version]);
    }),
  );
});

test('bytes that are no workload, and fields that are too long, say nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const read = workloadOfBytes(bytes);
      assert.ok(read === undefined || typeof read.name === 'string');
    }),
  );
  const headers = new Headers();
  headers.append(PEER_METADATA, 'A'.repeat(20_000));
  assert.equal(new PeerReader().take(headers), undefined);
  assert.equal(headers.has(PEER_METADATA), false);
});

test('an endpoint says its workload in five words', () => {
  const { name, namespace, canonicalName, canonicalRevision, cluster } = workloadOfEndpoint('b-1;demo;b;v1;Kubernetes');
  assert.deepEqual(
    [name, namespace, canonicalName, canonicalRevision, cluster],
    ['b-1', 'demo', 'b', 'v1', 'Kubernetes'],
  );
});

test('baggage names a workload by the keys of Kubernetes and OpenTelemetry', () => {
  const read = workloadOfBaggage(
    'k8s.deployment.name=reviews-v1,k8s.namespace.name=default;p=1, service.name=re%20views,service.version=v1,other=x',
  )!;
  assert.deepEqual(
    [read.name, read.namespace, read.canonicalName, read.canonicalRevision, read.app],
    ['reviews-v1', 'default', 're views', 'v1', 're views'],
  );
  assert.equal(workloadOfBaggage('other=x'), undefined);
  assert.equal(workloadOfBaggage(undefined), undefined);
  fc.assert(fc.property(fc.string(), (text) => void workloadOfBaggage(text)));
});
