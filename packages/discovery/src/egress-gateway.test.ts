// Requests to an outside host that rules lead through an egress gateway: the sidecar's part and the gateway's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { at, redirectedNode, resourcesOf, rule, service, shown } from './test-world.ts';

const OUTSIDE = 'outside.example';

const WORLD = [
  service('istio-egressgateway', 443, 'default', 'https'),
  rule('ServiceEntry', 'outside', {
    hosts: [OUTSIDE],
    ports: [
      { number: 80, name: 'http', protocol: 'HTTP' },
      { number: 443, name: 'https', protocol: 'HTTPS' },
    ],
    resolution: 'DNS',
  }),
  rule('Gateway', 'egress', {
    selector: { istio: 'egressgateway' },
    servers: [
      { port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: [OUTSIDE], tls: { mode: 'ISTIO_MUTUAL' } },
    ],
  }),
  rule('VirtualService', 'outside', {
    hosts: [OUTSIDE],
    gateways: ['mesh', 'egress'],
    http: [
      {
        match: [{ gateways: ['mesh'], port: 80 }],
        route: [{ destination: { host: 'istio-egressgateway', subset: 'outside', port: { number: 443 } } }],
      },
      {
        match: [{ gateways: ['egress'], port: 443 }],
        route: [{ destination: { host: OUTSIDE, port: { number: 443 } } }],
      },
    ],
  }),
  rule('DestinationRule', 'egress', {
    host: 'istio-egressgateway',
    subsets: [
      {
        name: 'outside',
        trafficPolicy: { portLevelSettings: [{ port: { number: 443 }, tls: { mode: 'ISTIO_MUTUAL', sni: OUTSIDE } }] },
      },
    ],
  }),
  rule('DestinationRule', 'outside', {
    host: OUTSIDE,
    trafficPolicy: { portLevelSettings: [{ port: { number: 443 }, tls: { mode: 'SIMPLE', sni: OUTSIDE } }] },
  }),
];

/** The cluster that a host's only route leads to. */
function cluster(routes: JsonObject): JsonValue | undefined {
  const host = (routes['virtualHosts'] as JsonObject[]).find(({ domains }) => (domains as string[]).includes(OUTSIDE));
  return at(host, 'routes.0.route.cluster');
}

test('the sidecar leads to the gateway by mutual TLS that says the host', async () => {
  const { RDS, CDS } = await resourcesOf(redirectedNode('a'), ...WORLD);
  const name = 'outbound|443|outside|istio-egressgateway.default.svc.cluster.local';
  assert.equal(cluster(shown(RDS, '80')), name);
  assert.equal(at(shown(CDS, name), 'transportSocket.typedConfig.sni'), OUTSIDE);
});

test('the gateway ends it, and speaks TLS of its own to the host', async () => {
  const gateway = { ...redirectedNode('egress', 'default', 'router'), labels: { istio: 'egressgateway' } };
  const { LDS, RDS, CDS } = await resourcesOf(gateway, ...WORLD);
  const chain = at(shown(LDS, '0.0.0.0_443'), 'filterChains.0');
  assert.deepEqual(at(chain, 'filterChainMatch.serverNames'), [OUTSIDE]);
  assert.equal(at(chain, 'transportSocket.typedConfig.requireClientCertificate'), true);
  assert.equal(cluster(shown(RDS, 'https.443.https.egress.default')), `outbound|443||${OUTSIDE}`);
  assert.equal(at(shown(CDS, `outbound|443||${OUTSIDE}`), 'transportSocket.typedConfig.sni'), OUTSIDE);
});
