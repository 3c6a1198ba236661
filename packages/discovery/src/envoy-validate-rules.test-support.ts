// For tests: rules of each kind that says what the other worlds do not, and a MeshConfig of fields that change resources.
import { rule } from './test-world.ts';

const to = (host: string, subset?: string) => ({
  destination: { host, port: { number: 9080 }, ...(subset && { subset }) },
});
const server = (number: number, name: string, tls?: object) => ({
  port: { number, name, protocol: tls ? 'HTTPS' : 'HTTP' },
  hosts: [`${name}.example`],
  ...(tls && { tls }),
});

export const FURTHER_RULES: readonly string[] = [
  rule('VirtualService', 'root', {
    hosts: ['root.example', 'reviews'],
    gateways: ['mesh', 'istio-system/further'],
    http: [
      { match: [{ uri: { prefix: '/a' } }], delegate: { name: 'leaf' } },
      {
        route: [to('reviews')],
        retries: {
          attempts: 2,
          retryOn: '5xx',
          backoff: '100ms',
          retryRemoteLocalities: true,
          retryIgnorePreviousHosts: false,
        },
      },
    ],
  }),
  rule('VirtualService', 'leaf', { http: [{ match: [{ uri: { prefix: '/a/b' } }], route: [to('reviews', 'v1')] }] }),
  rule('DestinationRule', 'near', {
    host: 'reviews',
    trafficPolicy: {
      outlierDetection: { consecutive5xxErrors: 3 },
      loadBalancer: { simple: 'ROUND_ROBIN', localityLbSetting: { failover: [{ from: 'r1', to: 'r2' }] } },
    },
    subsets: [{ name: 'v1', labels: { version: 'v1' } }],
  }),
  rule('ServiceEntry', 'spread', {
    hosts: ['spread.example'],
    ports: [{ number: 7000, name: 'tcp', protocol: 'TCP' }],
    resolution: 'STATIC',
    endpoints: ['r1/z1', 'r2', ''].map((locality, index) => ({ address: `10.9.0.${index + 1}`, locality })),
  }),
  rule('DestinationRule', 'spread', {
    host: 'spread.example',
    trafficPolicy: {
      loadBalancer: { localityLbSetting: { distribute: [{ from: 'r1/*', to: { 'r1/*': 70, r2: 30 } }] } },
    },
  }),
  rule(
    'Gateway',
    'further',
    {
      selector: { istio: 'ingressgateway' },
      servers: [
        server(8443, 'root', { mode: 'MUTUAL', credentialNames: ['one', 'two'], minProtocolVersion: 'TLSV1_3' }),
        server(8443, 'other', {
          mode: 'OPTIONAL_MUTUAL',
          credentialName: 'three',
          cipherSuites: ['ECDHE-RSA-AES128-GCM-SHA256'],
          subjectAltNames: ['spiffe://x/y'],
          verifyCertificateHash: ['a'.repeat(64)],
        }),
        server(8080, 'root'),
      ],
    },
    'istio-system',
  ),
];

export const FURTHER_MESH = {
  meshMTLS: { minProtocolVersion: 'TLSV1_3', cipherSuites: ['ECDHE-RSA-AES256-GCM-SHA384'] },
  tlsDefaults: { ecdhCurves: ['P-256'], cipherSuites: ['ECDHE-ECDSA-AES256-GCM-SHA384'] },
  defaultTrafficPolicy: {
    connectionPool: { http: { http2MaxRequests: 9 } },
    outlierDetection: { consecutive5xxErrors: 9 },
  },
  outboundClusterStatName: '%SERVICE%_%SERVICE_PORT%_%SUBSET_NAME%',
  inboundClusterStatName: '%SERVICE_FQDN%_%TARGET_PORT%',
  inboundTrafficPolicy: { mode: 'LOCALHOST' },
};
