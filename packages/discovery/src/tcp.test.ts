// What proxies get for connections that carry bytes as they are: one test a behaviour.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { at, INGRESS_POD, pod, proxyNode, resourcesOf, rule, service, shown } from './test-world.ts';

const MONGO = 'outbound|27017||mongo.default.svc.cluster.local';
const CALLER = proxyNode('caller-v1');
const GATEWAY = proxyNode('gateway-1', 'istio-system', 'router');
const PROXY = 'filterChains.0.filters.0.typedConfig';

const WORLD = [
  service('mongo', 27017, 'default', 'mongo'),
  pod('caller', 'v1', { outbound: { 'mongo.default.svc.cluster.local:27017': '127.0.0.1:21061' } }),
  rule('DestinationRule', 'mongo', {
    host: 'mongo',
    subsets: [
      { name: 'v1', labels: { version: 'v1' } },
      { name: 'v2', labels: { version: 'v2' } },
    ],
  }),
];
const to = (subset: string, weight?: number) => ({
  destination: { host: 'mongo', subset },
  ...(weight !== undefined && { weight }),
});
const mongoRule = (...tcp: object[]) => rule('VirtualService', 'mongo', { hosts: ['mongo'], tcp });

/** The tcp_proxy of the caller's listener for mongo. */
async function outbound(...yaml: readonly string[]): Promise<JsonObject> {
  const { LDS, RDS } = await resourcesOf(CALLER, ...WORLD, ...yaml);
  assert.equal(RDS.size, 0);
  return at(shown(LDS, MONGO), PROXY) as JsonObject;
}

test('without a rule all connections go to the service', async () => {
  const proxy = await outbound();
  assert.deepEqual([proxy['cluster'], proxy['weightedClusters']], [MONGO, undefined]);
});

test('a rule splits connections by weight', async () => {
  const proxy = await outbound(mongoRule({ route: [to('v1', 70), to('v2', 30)] }));
  assert.deepEqual(at(proxy, 'weightedClusters.clusters'), [
    { name: 'outbound|27017|v1|mongo.default.svc.cluster.local', weight: 70 },
    { name: 'outbound|27017|v2|mongo.default.svc.cluster.local', weight: 30 },
  ]);
});

test('the first route that holds for port and caller is taken', async () => {
  const proxy = await outbound(
    mongoRule(
      { match: [{ port: 1 }], route: [to('v1')] },
      { match: [{ sourceLabels: { app: 'other' } }, { destinationSubnets: ['10.0.0.0/8'] }], route: [to('v1')] },
      { match: [{ port: 27017, sourceLabels: { app: 'caller' } }], route: [to('v2')] },
    ),
  );
  assert.equal(proxy['cluster'], 'outbound|27017|v2|mongo.default.svc.cluster.local');
});

test('a DestinationRule sets the idle timeout, and keeps a client at one endpoint', async () => {
  const proxy = await outbound(
    rule('DestinationRule', 'sticky', {
      host: 'mongo',
      trafficPolicy: {
        connectionPool: { tcp: { idleTimeout: '30s' } },
        loadBalancer: { consistentHash: { useSourceIp: true } },
      },
    }),
  );
  assert.deepEqual([proxy['idleTimeout'], proxy['hashPolicy']], ['30s', [{ sourceIp: {} }]]);
});

const gateway = (protocol: string, tls?: object) =>
  rule('Gateway', 'in', {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 27017, name: 'in', protocol }, hosts: ['*.example'], ...(tls && { tls }) }],
  });
const bound = (routes: object) => rule('VirtualService', 'in', { hosts: ['db.example'], gateways: ['in'], ...routes });
const gatewayPod = INGRESS_POD.replace('"80"', '"27017"');

async function gatewayListener(...yaml: readonly string[]): Promise<JsonObject | undefined> {
  const { LDS } = await resourcesOf(GATEWAY, ...WORLD, gatewayPod, ...yaml);
  return LDS.size === 0 ? undefined : shown(LDS, '0.0.0.0_27017');
}

test('a TCP server of a gateway leads where the bound rule says; without one it opens nothing', async () => {
  const listener = await gatewayListener(gateway('MONGO'), bound({ tcp: [{ route: [to('v1')] }] }));
  assert.equal(at(listener, 'address.socketAddress.portValue'), 21380);
  assert.equal(at(listener, `${PROXY}.cluster`), 'outbound|27017|v1|mongo.default.svc.cluster.local');
  assert.equal(at(listener, 'filterChains.0.transportSocket'), undefined);
  assert.equal(await gatewayListener(gateway('TCP')), undefined);
});

test('TLS that ends at a gateway goes on as bytes', async () => {
  const tls = { mode: 'SIMPLE', serverCertificate: '/cert.pem', privateKey: '/key.pem' };
  const listener = await gatewayListener(gateway('TLS', tls), bound({ tcp: [{ route: [to('v1')] }] }));
  assert.equal(at(listener, `${PROXY}.cluster`), 'outbound|27017|v1|mongo.default.svc.cluster.local');
  assert.deepEqual(at(listener, 'filterChains.0.filterChainMatch'), { serverNames: ['*.example'] });
  assert.equal(at(listener, 'filterChains.0.transportSocket.name'), 'envoy.transport_sockets.tls');
});

test('TLS that passes through is led by the name in its hello', async () => {
  const tls = [
    { match: [{ sniHosts: ['db.example'] }], route: [to('v1')] },
    { match: [{ sniHosts: ['*.example'] }], route: [to('v2')] },
  ];
  const listener = await gatewayListener(gateway('TLS', { mode: 'PASSTHROUGH' }), bound({ tls }));
  const chains = (listener!['filterChains'] as JsonObject[]).map((chain) => [
    at(chain, 'filterChainMatch.serverNames.0'),
    at(chain, 'filters.0.typedConfig.cluster'),
    chain['transportSocket'],
  ]);
  assert.deepEqual(chains, [
    ['db.example', 'outbound|27017|v1|mongo.default.svc.cluster.local', undefined],
    ['*.example', 'outbound|27017|v2|mongo.default.svc.cluster.local', undefined],
  ]);
});
