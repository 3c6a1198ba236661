// Random DestinationRules over the hosts of the compared platform: an arbitrary of their specs.
import * as fc from 'fast-check';
import { host, SUBSETS } from './compared-routing.ts';
import { defined, fields, maybe, rarely, someFields } from './optional-fields.ts';

const balancer = fc.oneof(
  fc.constantFrom('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'LEAST_CONN', 'PASSTHROUGH').map((simple) => ({ simple })),
  fc
    .constantFrom<object>(
      { httpHeaderName: 'X-Key' },
      { useSourceIp: true },
      { httpQueryParameterName: 'q' },
      { httpCookie: { name: 'user', ttl: '10s', path: '/p' } },
      { httpHeaderName: 'x', maglev: { tableSize: 251 } },
      { useSourceIp: true, ringHash: { minimumRingSize: 2048 } },
    )
    .map((consistentHash) => ({ consistentHash })),
);
const locality = fc.constantFrom<object>(
  { enabled: false },
  { distribute: [{ from: 'r1/*', to: { 'r1/z1/*': 70, 'r2/*': 30 } }] },
  { failover: [{ from: 'r1', to: 'r3' }] },
  { failoverPriority: ['topology.kubernetes.io/region', 'version=v2'] },
);
const localBalancer = fc
  .tuple(balancer, rarely(locality))
  .map(([chosen, localityLbSetting]) => defined({ ...chosen, localityLbSetting }));
const pool = someFields({
  tcp: maybe(
    someFields({
      maxConnections: maybe(fc.constantFrom(1, 100)),
      connectTimeout: maybe(fc.constant('3s')),
      idleTimeout: rarely(fc.constant('60s')),
      maxConnectionDuration: rarely(fc.constant('90s')),
      tcpKeepalive: rarely(fc.constant({ time: '10s', probes: 3 })),
    }),
  ),
  http: maybe(
    someFields({
      http1MaxPendingRequests: maybe(fc.constant(5)),
      http2MaxRequests: maybe(fc.constant(7)),
      maxRequestsPerConnection: maybe(fc.constant(2)),
      maxRetries: maybe(fc.constant(4)),
      idleTimeout: rarely(fc.constant('30s')),
      h2UpgradePolicy: rarely(fc.constantFrom('UPGRADE', 'DO_NOT_UPGRADE', 'DEFAULT')),
    }),
  ),
});
const outlier = someFields({
  consecutive5xxErrors: maybe(fc.constantFrom(0, 3)),
  consecutiveGatewayErrors: maybe(fc.constantFrom(0, 2)),
  interval: maybe(fc.constant('1s')),
  baseEjectionTime: maybe(fc.constant('3s')),
  maxEjectionPercent: maybe(fc.constantFrom(0, 50, 100)),
  minHealthPercent: maybe(fc.constantFrom(0, 30)),
  splitExternalLocalOriginErrors: rarely(fc.boolean()),
  consecutiveLocalOriginFailures: rarely(fc.constant(4)),
}).map(({ consecutiveLocalOriginFailures: failures, ...rest }) =>
  defined({
    ...rest,
    ...(rest['splitExternalLocalOriginErrors'] === true && { consecutiveLocalOriginFailures: failures }),
  }),
);
const tls = fc.constantFrom<object>(
  { mode: 'DISABLE' },
  { mode: 'ISTIO_MUTUAL' },
  { mode: 'SIMPLE' },
  { mode: 'SIMPLE', sni: 'sni.example', subjectAltNames: ['san.example'], caCertificates: '/etc/ca.pem' },
  { mode: 'MUTUAL', clientCertificate: '/c.pem', privateKey: '/k.pem', caCertificates: '/ca.pem' },
  { mode: 'ISTIO_MUTUAL', sni: 'own.example' },
);
const settings = {
  loadBalancer: maybe(localBalancer),
  connectionPool: rarely(pool),
  outlierDetection: rarely(outlier),
  tls: rarely(tls),
};
const policy = someFields({
  ...settings,
  portLevelSettings: rarely(
    fc.uniqueArray(
      fields({
        port: fc.constantFrom(80, 9090).map((number) => ({ number })),
        ...settings,
        loadBalancer: localBalancer,
      }),
      {
        selector: ({ port }) => (port as { number: number }).number,
        minLength: 1,
        maxLength: 2,
      },
    ),
  ),
});

const scope = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  { arbitrary: fc.constantFrom(['.'], ['*'], ['alpha', 'gamma']).map((exportTo) => ({ exportTo })), weight: 1 },
  { arbitrary: fc.constant({ workloadSelector: { matchLabels: { app: 'web' } } }), weight: 1 },
);

export const destinationRule = fields({
  host,
  scope,
  trafficPolicy: maybe(policy),
  subsets: maybe(
    fc.uniqueArray(
      fields({
        name: fc.constantFrom(...SUBSETS),
        labels: fc.constantFrom({ version: 'v1' }, { version: 'v2' }, {}),
        trafficPolicy: rarely(policy),
      }),
      { selector: ({ name }) => name, maxLength: 3 },
    ),
  ),
})
  .map(({ scope: seen, ...rest }) => ({ ...rest, ...(seen as object) }))
  // istiod makes subsets of what is looked up although no endpoint has their labels, where callers choose the address.
  .filter((spec) => spec['host'] !== 'dns.example' || !JSON.stringify(spec).includes('PASSTHROUGH'));
