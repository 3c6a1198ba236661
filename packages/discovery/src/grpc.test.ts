// What gRPC libraries are told: by the names that they ask for, and with nothing that they would refuse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { parseProxyNode, type ProxyNode } from './proxy-node.ts';
import { at, pod, policy, resourcesOf, rule, service, shown } from './test-world.ts';

const HOST = 'reviews.default.svc.cluster.local';
const CLUSTER = `outbound|9080||${HOST}`;

function node(name: string, namespace = 'default'): ProxyNode {
  const id = `sidecar~10.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`;
  const metadata = { GENERATOR: 'grpc', LABELS: { app: 'reviews' } };
  return parseProxyNode(create(NodeSchema, { id, metadata }))!;
}

const POD = pod('reviews', 'v1').replace('podIP: 127.0.0.1', 'podIP: 10.0.0.1');
const INBOUND = 'xds.istio.io/grpc/lds/inbound/0.0.0.0:9080';

test('a service is found by each of its names, whole and shorter', async () => {
  const { LDS, RDS, CDS, EDS } = await resourcesOf(node('client'), service('reviews'), POD);
  const outbound = [...LDS.keys()].filter((name) => !name.startsWith('xds.istio.io/'));
  assert.deepEqual(
    outbound,
    [HOST, 'reviews', 'reviews.default', 'reviews.default.svc'].map((name) => `${name}:9080`),
  );
  assert.equal(at(shown(LDS, 'reviews:9080'), 'apiListener.apiListener.rds.routeConfigName'), CLUSTER);
  assert.deepEqual(at(shown(RDS, CLUSTER), 'virtualHosts.0.domains.2'), 'reviews');
  assert.equal(at(shown(CDS, CLUSTER), 'type'), 'EDS');
  assert.equal(at(shown(CDS, CLUSTER), 'transportSocket'), undefined);
  assert.deepEqual(at(shown(EDS, CLUSTER), 'endpoints.0.locality'), {});
  const { LDS: elsewhere } = await resourcesOf(node('client', 'other'), service('reviews'));
  assert.ok(!elsewhere.has('reviews:9080') && elsewhere.has('reviews.default:9080'));
});

test('the time of a call and its faults are said where libraries read them', async () => {
  const spec = {
    hosts: ['reviews'],
    http: [
      {
        timeout: '2s',
        corsPolicy: { allowOrigins: [{ exact: 'https://a.example' }] },
        fault: { delay: { fixedDelay: '1s', percentage: { value: 10 } } },
        route: [{ destination: { host: 'reviews' } }],
      },
    ],
  };
  const { RDS } = await resourcesOf(node('client'), service('reviews'), rule('VirtualService', 'reviews', spec));
  const route = at(shown(RDS, CLUSTER), 'virtualHosts.0.routes.0');
  assert.deepEqual(at(route, 'route.maxStreamDuration'), { maxStreamDuration: '2s' });
  assert.equal(at(route, 'route.retryPolicy.retryHostPredicate'), undefined);
  assert.deepEqual(Object.keys(at(route, 'typedPerFilterConfig') as object), ['envoy.filters.http.fault']);
});

test('mutual TLS is for clients whose rule asks for it, by the keys of their bootstrap', async () => {
  const tls = rule('DestinationRule', 'reviews', { host: 'reviews', trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } });
  const { CDS } = await resourcesOf(node('client'), service('reviews'), POD, tls);
  const context = at(shown(CDS, CLUSTER), 'transportSocket.typedConfig.commonTlsContext')!;
  const provider = { instanceName: 'default', certificateName: 'default' };
  assert.deepEqual(at(context, 'tlsCertificateProviderInstance'), provider);
  const peers = at(context, 'combinedValidationContext.defaultValidationContext.matchSubjectAltNames');
  assert.deepEqual(peers, [{ exact: 'spiffe://cluster.local/ns/default/sa/reviews' }]);
});

test('a server has one chain: plaintext, or mutual TLS and what a policy lets in', async () => {
  const { LDS } = await resourcesOf(node('reviews-v1'), service('reviews'), POD);
  assert.equal(at(shown(LDS, INBOUND), 'filterChains.0.transportSocket'), undefined);
  const { LDS: guarded } = await resourcesOf(
    node('reviews-v1'),
    service('reviews'),
    POD,
    policy('PeerAuthentication', 'all', { mtls: { mode: 'STRICT' } }),
    policy('AuthorizationPolicy', 'one', { rules: [{ from: [{ source: { principals: ['a/ns/b/sa/c'] } }] }] }),
    policy('AuthorizationPolicy', 'seen', { action: 'AUDIT', rules: [{}] }),
    policy('AuthorizationPolicy', 'asked', { action: 'CUSTOM', provider: { name: 'nobody' }, rules: [{}] }),
  );
  const chain = at(shown(guarded, INBOUND), 'filterChains.0')!;
  assert.equal(at(chain, 'transportSocket.typedConfig.requireClientCertificate'), true);
  const filters = at(chain, 'filters.0.typedConfig.httpFilters') as { name: string }[];
  assert.deepEqual(
    filters.map(({ name }) => name),
    ['envoy.filters.http.rbac.0', 'envoy.filters.http.rbac.1', 'envoy.filters.http.router'],
  );
  assert.equal(at(filters as never, '0.typedConfig.rules.action'), 'DENY');
});
