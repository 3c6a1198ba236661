// Node ids of the mesh are read, others are not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import fc from 'fast-check';
import { parseProxyNode } from './proxy-node.ts';

test('a node is read by its id and metadata', () => {
  const id = 'sidecar~10.0.0.1~reviews-v1.5.default~default.svc.cluster.local';
  const metadata = { SERVICE_ACCOUNT: 'reviews', LABELS: { app: 'reviews', odd: 1 } };
  assert.deepEqual(parseProxyNode(create(NodeSchema, { id, metadata })), {
    kind: 'sidecar',
    id,
    address: '10.0.0.1',
    workload: 'reviews-v1.5',
    namespace: 'default',
    serviceAccount: 'reviews',
    labels: { app: 'reviews' },
    redirected: true,
    catchesDns: undefined,
    clusterId: '',
    version: '',
    cluster: '',
    istioFilters: false,
    mixerFilter: false,
    proxyless: false,
    metadata,
    locality: {},
  });
});

test("a proxy's version is Istio's, or its program's", () => {
  const id = 'router~10.0.0.1~gateway.istio-system~istio-system.svc.cluster.local';
  const built = {
    case: 'userAgentBuildVersion',
    value: { version: { majorNumber: 1, minorNumber: 40, patch: 2 } },
  } as const;
  const envoy = create(NodeSchema, { id, userAgentName: 'envoy', userAgentVersionType: built });
  assert.equal(parseProxyNode(envoy)?.version, 'envoy 1.40.2');
  assert.equal(parseProxyNode({ ...envoy, metadata: { ISTIO_VERSION: '1.31.0' } })?.version, '1.31.0');
});

test('our sidecar knows Istio’s filters, and an Envoy that has them built in', () => {
  const id = 'sidecar~10.0.0.1~a.b~b.svc.cluster.local';
  const knows = (node: object) => parseProxyNode(create(NodeSchema, { id, ...node }))?.istioFilters;
  assert.equal(knows({ userAgentName: 'meltemi' }), true);
  assert.equal(knows({ userAgentName: 'envoy', extensions: [{ name: 'istio.stats' }] }), true);
  assert.equal(knows({ userAgentName: 'envoy', extensions: [{ name: 'envoy.filters.http.lua' }] }), false);
});

test('other ids are not of the mesh', () => {
  for (const id of [
    '',
    'x',
    'ztunnel~1~a.b~c',
    'sidecar~1~ab~c',
    'sidecar~1~.b~c',
    'sidecar~1~a.b',
    'sidecar~1~a.b~c~d',
  ]) {
    assert.equal(parseProxyNode(create(NodeSchema, { id })), undefined, id);
  }
  assert.equal(parseProxyNode(undefined), undefined);
});

test('no id is read wrong', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, namespace) => {
      const id = `router~~${name}.${namespace}~svc`;
      const node = parseProxyNode(create(NodeSchema, { id }));
      if (node) assert.equal(`${node.workload}.${node.namespace}`, `${name}.${namespace}`);
    }),
  );
});
