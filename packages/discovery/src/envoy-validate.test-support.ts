// For tests: worlds that have one of everything, so that each resource there is gets made.
import { EVERY_ATTRIBUTE } from './generate/authorization/every-attribute.test-support.ts';
import { BOOKINFO, policy, REVIEWS_SUBSETS, rule, service } from './test-world.ts';

/** What a mesh whose pods share a machine may have. */
export const EVERYTHING = [
  ...EVERY_ATTRIBUTE,
  ...BOOKINFO,
  REVIEWS_SUBSETS,
  service('mongo', 27017, 'default', 'tcp'),
  service('grpc', 8079, 'default', 'grpc'),
  rule('DestinationRule', 'ratings', {
    host: 'ratings',
    trafficPolicy: {
      loadBalancer: { consistentHash: { httpCookie: { name: 'user', ttl: '10s' }, maglev: { tableSize: 251 } } },
      connectionPool: {
        tcp: { maxConnections: 10, connectTimeout: '1s' },
        http: { http1MaxPendingRequests: 1, maxRequestsPerConnection: 2, idleTimeout: '5s' },
      },
      outlierDetection: { consecutive5xxErrors: 1, interval: '1s', baseEjectionTime: '3s', maxEjectionPercent: 50 },
    },
  }),
  rule('ServiceEntry', 'outside', {
    hosts: ['httpbin.example'],
    ports: [
      { number: 80, name: 'http', protocol: 'HTTP' },
      { number: 443, name: 'https', protocol: 'HTTPS' },
    ],
    resolution: 'DNS',
  }),
  rule('DestinationRule', 'outside', { host: 'httpbin.example', trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
  rule('Gateway', 'web', {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  }),
  rule('Gateway', 'tcp', {
    selector: { istio: 'ingressgateway' },
    servers: [
      { port: { number: 27017, name: 'mongo', protocol: 'MONGO' }, hosts: ['*'] },
      { port: { number: 8443, name: 'tls', protocol: 'TLS' }, hosts: ['*'], tls: { mode: 'PASSTHROUGH' } },
    ],
  }),
  rule('VirtualService', 'tcp', {
    hosts: ['*'],
    gateways: ['tcp', 'mesh'],
    tcp: [
      {
        route: [
          { destination: { host: 'mongo', port: { number: 27017 } }, weight: 60 },
          { destination: { host: 'ratings' }, weight: 40 },
        ],
      },
    ],
    tls: [
      {
        match: [{ gateways: ['tcp'], sniHosts: ['a.example', '*.b.example'] }],
        route: [{ destination: { host: 'mongo' } }],
      },
    ],
  }),
  rule('VirtualService', 'web', {
    hosts: ['*'],
    gateways: ['web'],
    http: [{ match: [{ uri: { exact: '/productpage' } }], route: [{ destination: { host: 'productpage' } }] }],
  }),
  rule('VirtualService', 'reviews', {
    hosts: ['reviews'],
    http: [
      {
        name: 'jason',
        match: [
          {
            uri: { prefix: '/a' },
            headers: { cookie: { regex: '^(.*?;)?(user=jason)(;.*)?$' }, 'x-any': {} },
            withoutHeaders: { 'x-not': { exact: '1' } },
            queryParams: { q: { exact: '1' }, r: { prefix: 'x' } },
            method: { exact: 'GET' },
            authority: { prefix: 'reviews' },
            scheme: { exact: 'http' },
            ignoreUriCase: true,
          },
        ],
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight: 30, headers: { request: { set: { 'x-v': '1' } } } },
          { destination: { host: 'reviews', subset: 'v2' }, weight: 70 },
        ],
        timeout: '2s',
        retries: { attempts: 3, perTryTimeout: '1s', retryOn: '5xx,503' },
        fault: {
          delay: { fixedDelay: '7s', percentage: { value: 0.1 } },
          abort: { httpStatus: 400, percentage: { value: 100 } },
        },
        mirrors: [{ destination: { host: 'ratings' }, percentage: { value: 50 } }],
        rewrite: { uri: '/', authority: 'other' },
        corsPolicy: {
          allowOrigins: [{ exact: 'https://a.example' }, { regex: '.*' }],
          allowMethods: ['GET'],
          allowHeaders: ['x-a'],
          maxAge: '1h',
          allowCredentials: true,
        },
        headers: { request: { add: { 'x-a': 'b' }, remove: ['x-c'] }, response: { set: { 'x-d': 'e' } } },
      },
      { match: [{ uri: { regex: '/x/.*' } }], redirect: { uri: '/y', authority: 'z.example', redirectCode: 302 } },
      { match: [{ uri: { prefix: '/p' } }], redirect: { uri: '%PREFIX()%/y', scheme: 'https', port: 8443 } },
      { match: [{ uri: { exact: '/teapot' } }], directResponse: { status: 418, body: { string: 'short' } } },
      { route: [{ destination: { host: 'reviews', subset: 'v1' } }] },
    ],
  }),
  rule('VirtualService', 'ratings', { hosts: ['ratings'], http: [{ route: [{ destination: { host: 'ratings' } }] }] }),
];

/** What the network leads: ports of every kind, addresses of every kind, modes of every kind. */
export const REDIRECTED = [
  ...EVERYTHING,
  rule('ServiceEntry', 'own', {
    hosts: ['web.example'],
    addresses: ['10.1.0.1'],
    ports: [
      { number: 8080, name: 'http', protocol: 'HTTP' },
      { number: 8081, name: 'any' },
      { number: 8082, name: 'tcp', protocol: 'TCP' },
      { number: 8083, name: 'grpc', protocol: 'GRPC' },
    ],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    endpoints: [{ address: '10.0.0.1' }],
  }),
  rule('ServiceEntry', 'blocks', {
    hosts: ['blocks.example'],
    addresses: ['10.8.0.0/16', '2001:db8::/32', '10.9.0.1/32'],
    ports: [
      { number: 9000, name: 'tcp', protocol: 'TCP' },
      { number: 9001, name: 'any' },
    ],
  }),
  rule('ServiceEntry', 'names', {
    hosts: ['names.example', 'other.example'],
    ports: [
      { number: 80, name: 'http', protocol: 'HTTP' },
      { number: 81, name: 'any' },
      { number: 443, name: 'tls', protocol: 'TLS' },
    ],
    resolution: 'DNS',
  }),
  rule('ServiceEntry', 'wild', {
    hosts: ['*.wild.example'],
    ports: [{ number: 443, name: 'tls', protocol: 'TLS' }],
  }),
  rule('Gateway', 'secure', {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 443, name: 'https', protocol: 'HTTPS' },
        hosts: ['a.example'],
        tls: { mode: 'MUTUAL', credentialName: 'a' },
      },
      {
        port: { number: 443, name: 'mesh', protocol: 'HTTPS' },
        hosts: ['b.example'],
        tls: { mode: 'ISTIO_MUTUAL' },
      },
      {
        port: { number: 443, name: 'optional', protocol: 'HTTPS' },
        hosts: ['c.example'],
        tls: { mode: 'OPTIONAL_MUTUAL', credentialName: 'c' },
      },
    ],
  }),
  policy('PeerAuthentication', 'default', { mtls: { mode: 'PERMISSIVE' } }),
  policy('PeerAuthentication', 'strict', {
    selector: { matchLabels: { app: 'strict' } },
    mtls: { mode: 'STRICT' },
    portLevelMtls: { 8080: { mode: 'DISABLE' }, 8082: { mode: 'DISABLE' }, 9999: { mode: 'PERMISSIVE' } },
  }),
  rule('Sidecar', 'ports', {
    workloadSelector: { labels: { app: 'ports' } },
    ingress: [
      { port: { number: 9080, protocol: 'HTTP', name: 'http' }, defaultEndpoint: '127.0.0.1:8080' },
      {
        port: { number: 9443, protocol: 'HTTPS', name: 'https' },
        tls: { mode: 'MUTUAL', serverCertificate: 'a.pem', privateKey: 'a.key', caCertificates: 'roots.pem' },
      },
    ],
    egress: [{ hosts: ['./*', '*/names.example'] }],
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
  }),
  policy('PeerAuthentication', 'ports', {
    selector: { matchLabels: { app: 'ports' } },
    portLevelMtls: { 9443: { mode: 'DISABLE' } },
  }),
];
