// What proxies get for what users write: one test a behaviour.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import {
  at,
  BOOKINFO,
  policy,
  proxyNode,
  resourcesOf,
  REVIEWS_SUBSETS,
  rule,
  shown,
  snapshotOf,
} from './test-world.ts';
import { FragmentCache } from './fragment-cache.ts';
import { SnapshotResources } from './compile.ts';

const PRODUCTPAGE = proxyNode('productpage-v1');
const GATEWAY = proxyNode('gateway-1', 'istio-system', 'router');
const REVIEWS = 'outbound|9080||reviews.default.svc.cluster.local';
const MANAGER = 'filterChains.0.filters.0.typedConfig';

const reviewsRule = (...http: object[]) => rule('VirtualService', 'reviews', { hosts: ['reviews'], http });
const to = (subset?: string) => ({ destination: { host: 'reviews', ...(subset && { subset }) } });

/** The routes of the listener for reviews, without what all routes have. */
async function reviewsRoutes(...yaml: readonly string[]): Promise<JsonObject[]> {
  const { RDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, REVIEWS_SUBSETS, ...yaml);
  return at(shown(RDS, REVIEWS), 'virtualHosts.0.routes') as JsonObject[];
}

async function firstRoute(http: object): Promise<JsonObject> {
  return (await reviewsRoutes(reviewsRule(http)))[0]!;
}

test('a sidecar gets a cluster for each port and subset, its own application, and a black hole', async () => {
  const { CDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, REVIEWS_SUBSETS);
  assert.deepEqual([...CDS.keys()].sort(), [
    'BlackHoleCluster',
    'inbound|9080||',
    'outbound|9080|v1|reviews.default.svc.cluster.local',
    'outbound|9080|v2|reviews.default.svc.cluster.local',
    'outbound|9080||productpage.default.svc.cluster.local',
    'outbound|9080||ratings.default.svc.cluster.local',
    REVIEWS,
  ]);
});

test('a cluster of the mesh has mutual TLS and knows who must answer', async () => {
  const { CDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO);
  const tls = at(shown(CDS, REVIEWS), 'transportSocketMatches.0.transportSocket.typedConfig') as JsonObject;
  assert.equal(tls['sni'], 'outbound_.9080_._.reviews.default.svc.cluster.local');
  const names = at(
    tls,
    'commonTlsContext.combinedValidationContext.defaultValidationContext.matchTypedSubjectAltNames',
  );
  const uri = 'spiffe://cluster.local/ns/default/sa/reviews';
  assert.deepEqual(names, [{ sanType: 'URI', matcher: { exact: uri } }]);
  const key = at(tls, 'commonTlsContext.tlsCertificateSdsSecretConfigs.0') as JsonObject;
  assert.equal(key['name'], 'default');
  const source = at(key, 'sdsConfig.apiConfigSource.grpcServices.0.envoyGrpc.clusterName');
  assert.equal(source, 'sds-grpc');
});

test('endpoints are where sidecars listen, by subset', async () => {
  const { EDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, REVIEWS_SUBSETS);
  const ports = (name: string) =>
    ((at(shown(EDS, name), 'endpoints.0.lbEndpoints') ?? []) as JsonValue[]).map((endpoint) =>
      at(endpoint, 'endpoint.address.socketAddress.portValue'),
    );
  assert.deepEqual(ports(REVIEWS), [21021, 21031]);
  assert.deepEqual(ports('outbound|9080|v2|reviews.default.svc.cluster.local'), [21031]);
  assert.deepEqual(ports('outbound|9080||ratings.default.svc.cluster.local'), []);
});

test('a sidecar listens for its application, for each service, and as HTTP proxy', async () => {
  const { LDS, RDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO);
  const ports = [...LDS.keys()].map((name) => [name, at(shown(LDS, name), 'address.socketAddress.portValue')]);
  assert.deepEqual(ports, [
    ['inbound|9080||', 21011],
    [REVIEWS, 21013],
    ['outbound|9080||ratings.default.svc.cluster.local', 21014],
    ['http_proxy', 21015],
  ]);
  assert.deepEqual([...RDS.keys()], [REVIEWS, 'outbound|9080||ratings.default.svc.cluster.local', 'http_proxy']);
});

test('the inbound listener takes mutual TLS only where that is asked for, and leads to the application', async () => {
  const strict = policy('PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } });
  const { LDS, CDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, strict);
  const inbound = shown(LDS, 'inbound|9080||');
  assert.equal(at(inbound, 'filterChains.0.transportSocket.typedConfig.requireClientCertificate'), true);
  assert.equal((inbound['filterChains'] as JsonValue[]).length, 1);
  assert.equal(at(inbound, `${MANAGER}.routeConfig.virtualHosts.0.routes.0.route.cluster`), 'inbound|9080||');
  assert.equal(at(inbound, `${MANAGER}.forwardClientCertDetails`), 'APPEND_FORWARD');
  const address = at(shown(CDS, 'inbound|9080||'), 'loadAssignment.endpoints.0.lbEndpoints.0.endpoint.address');
  assert.deepEqual(address, { socketAddress: { address: '127.0.0.1', portValue: 21012 } });
});

test('by the mode of a port its listener looks at connections, and clients know beforehand', async () => {
  const ways = async (mode: string) => {
    const spec = { selector: { matchLabels: { app: 'productpage' } }, portLevelMtls: { 9080: { mode } } };
    const rules = policy('PeerAuthentication', 'ports', spec);
    const { LDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, rules);
    const inbound = shown(LDS, 'inbound|9080||');
    const chains = (inbound['filterChains'] as JsonObject[]).map((chain) => [
      at(chain, 'filterChainMatch.transportProtocol'),
      'transportSocket' in chain,
    ]);
    const { EDS } = await resourcesOf(proxyNode('reviews-v1'), ...BOOKINFO, rules);
    const endpoint = at(
      shown(EDS, 'outbound|9080||productpage.default.svc.cluster.local'),
      'endpoints.0.lbEndpoints.0',
    );
    return { chains, told: (at(endpoint, 'metadata.filterMetadata') as JsonObject)['envoy.transport_socket_match'] };
  };
  const told = { tlsMode: 'istio' };
  const both = [
    ['tls', true],
    ['raw_buffer', false],
  ];
  assert.deepEqual(await ways('PERMISSIVE'), { chains: both, told });
  assert.deepEqual(await ways('STRICT'), { chains: [[undefined, true]], told });
  assert.deepEqual(await ways('DISABLE'), { chains: [[undefined, false]], told: undefined });
});

test('a service without rules gets everything, with Istio’s retries and no timeout', async () => {
  const [route, ...more] = await reviewsRoutes();
  assert.deepEqual(more, []);
  assert.deepEqual(at(route, 'match.prefix'), '/');
  const { cluster, timeout, retryPolicy } = route!['route'] as JsonObject;
  assert.deepEqual([cluster, timeout, at(retryPolicy, 'numRetries')], [REVIEWS, '0s', 2]);
});

test('a rule replaces the default, and says where it was written', async () => {
  const routes = await reviewsRoutes(reviewsRule({ match: [{ uri: { exact: '/a' } }], route: [to('v1')] }));
  assert.equal(routes.length, 1);
  assert.equal(at(routes[0], 'route.cluster'), 'outbound|9080|v1|reviews.default.svc.cluster.local');
  const origin = at(routes[0], 'metadata.filterMetadata') as JsonObject;
  const config = '/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews';
  assert.equal(at(origin, 'istio.config'), config);
  assert.match(at(origin, 'meltemi.source') as string, /world\.yaml:\d+$/);
});

test('weights split; a weight of 0 gets nothing', async () => {
  const split = await firstRoute({
    route: [
      { ...to('v1'), weight: 25 },
      { ...to('v2'), weight: 75 },
    ],
  });
  const clusters = at(split, 'route.weightedClusters.clusters') as JsonObject[];
  assert.deepEqual(
    clusters.map(({ weight }) => weight),
    [25, 75],
  );
  const one = await firstRoute({
    route: [
      { ...to('v1'), weight: 100 },
      { ...to('v2'), weight: 0 },
    ],
  });
  assert.equal(at(one, 'route.cluster'), 'outbound|9080|v1|reviews.default.svc.cluster.local');
});

test('a match becomes its conditions', async () => {
  const route = await firstRoute({
    match: [
      {
        uri: { regex: '/a.*' },
        method: { exact: 'GET' },
        headers: { 'X-User': { prefix: 'j' }, any: {} },
        withoutHeaders: { no: { exact: '1' } },
        queryParams: { q: { regex: 'x+' } },
      },
    ],
    route: [to('v1')],
  });
  assert.deepEqual(route['match'], {
    safeRegex: { regex: '/a.*' },
    caseSensitive: true,
    headers: [
      { name: ':method', stringMatch: { exact: 'GET' } },
      { name: 'x-user', stringMatch: { prefix: 'j' } },
      { name: 'any', presentMatch: true },
      { name: 'no', stringMatch: { exact: '1' }, invertMatch: true, treatMissingHeaderAsEmpty: true },
    ],
    queryParameters: [{ name: 'q', stringMatch: { safeRegex: { regex: 'x+' } } }],
  });
});

test('matches on the caller are decided here: other callers do not get the route', async () => {
  const forVersion = (version: string) => ({ match: [{ sourceLabels: { version } }], route: [to(version)] });
  const routes = await reviewsRoutes(reviewsRule(forVersion('v2'), forVersion('v1'), { route: [to()] }));
  const clusters = routes.map((route) => at(route, 'route.cluster'));
  assert.deepEqual(clusters, ['outbound|9080|v1|reviews.default.svc.cluster.local']);
});

test('what follows a route that takes everything is left out', async () => {
  const routes = await reviewsRoutes(reviewsRule({ route: [to('v1')] }, { route: [to('v2')] }));
  assert.equal(routes.length, 1);
});

test('faults are said to the fault filter', async () => {
  const fault = {
    delay: { fixedDelay: '7s', percentage: { value: 100 } },
    abort: { httpStatus: 400, percentage: { value: 0.5 } },
  };
  const route = await firstRoute({ fault, route: [to()] });
  const { '@type': type, ...said } = (route['typedPerFilterConfig'] as JsonObject)[
    'envoy.filters.http.fault'
  ] as JsonObject;
  assert.match(type as string, /HTTPFault$/);
  assert.deepEqual(said, {
    delay: { fixedDelay: '7s', percentage: { numerator: 100 } },
    abort: { httpStatus: 400, percentage: { numerator: 5000, denominator: 'MILLION' } },
  });
});

test('timeouts and retries', async () => {
  const retries = { attempts: 3, perTryTimeout: '2s', retryOn: 'gateway-error,418' };
  const said = (await firstRoute({ timeout: '0.5s', retries, route: [to()] }))['route'] as JsonObject;
  assert.equal(said['timeout'], '0.500s');
  const { retryOn, numRetries, perTryTimeout, retriableStatusCodes } = said['retryPolicy'] as JsonObject;
  assert.deepEqual(
    { retryOn, numRetries, perTryTimeout, retriableStatusCodes },
    {
      retryOn: 'gateway-error,retriable-status-codes',
      numRetries: 3,
      perTryTimeout: '2s',
      retriableStatusCodes: [418],
    },
  );
  const none = await firstRoute({ retries: { attempts: 0 }, route: [to()] });
  assert.equal(at(none, 'route.retryPolicy'), undefined);
});

test('redirects, answers and rewrites', async () => {
  const redirect = await firstRoute({ redirect: { uri: '/new', authority: 'a.example', redirectCode: 302 } });
  assert.deepEqual(redirect['redirect'], { hostRedirect: 'a.example', pathRedirect: '/new', responseCode: 'FOUND' });
  const direct = await firstRoute({ directResponse: { status: 503, body: { string: 'later' } } });
  assert.deepEqual(direct['directResponse'], { status: 503, body: { inlineString: 'later' } });
  const rewrite = await firstRoute({
    match: [{ uri: { prefix: '/login' } }],
    rewrite: { uri: '/', authority: 'users' },
    route: [to()],
  });
  assert.equal(at(rewrite, 'route.hostRewriteLiteral'), 'users');
  assert.equal(at(rewrite, 'route.prefixRewrite'), '/');
});

test('mirrors, headers and CORS', async () => {
  const route = await firstRoute({
    route: [to()],
    mirror: { host: 'ratings' },
    mirrorPercentage: { value: 50 },
    headers: { request: { set: { 'X-A': '1', host: 'other' }, remove: ['x-b'] }, response: { add: { 'x-c': '2' } } },
    corsPolicy: { allowOrigins: [{ exact: 'https://a.example' }], allowMethods: ['GET', 'POST'], maxAge: '1m' },
  });
  const { requestMirrorPolicies, hostRewriteLiteral } = route['route'] as JsonObject;
  assert.equal(hostRewriteLiteral, 'other');
  assert.deepEqual(requestMirrorPolicies, [
    {
      cluster: 'outbound|9080||ratings.default.svc.cluster.local',
      runtimeFraction: { defaultValue: { numerator: 50 } },
      disableShadowHostSuffixAppend: true,
      traceSampled: false,
    },
  ]);
  assert.deepEqual(route['requestHeadersToAdd'], [
    { header: { key: 'x-a', value: '1' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
  ]);
  assert.deepEqual(route['requestHeadersToRemove'], ['x-b']);
  assert.deepEqual(route['responseHeadersToAdd'], [{ header: { key: 'x-c', value: '2' } }]);
  const cors = (route['typedPerFilterConfig'] as JsonObject)['envoy.filters.http.cors'] as JsonObject;
  assert.deepEqual([cors['allowMethods'], cors['maxAge']], ['GET,POST', '60']);
});

test('a DestinationRule sets balancer, limits and outlier detection; a subset’s own policy goes first', async () => {
  const destinationRule = rule('DestinationRule', 'ratings', {
    host: 'ratings',
    trafficPolicy: {
      loadBalancer: { simple: 'RANDOM' },
      connectionPool: { tcp: { maxConnections: 5 }, http: { http1MaxPendingRequests: 6 } },
      outlierDetection: { consecutive5xxErrors: 7 },
    },
    subsets: [{ name: 'v1', labels: { version: 'v1' }, trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } }],
  });
  const { CDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, destinationRule);
  const ratings = shown(CDS, 'outbound|9080||ratings.default.svc.cluster.local');
  assert.equal(ratings['lbPolicy'], 'RANDOM');
  assert.equal(at(ratings, 'circuitBreakers.thresholds.0.maxConnections'), 5);
  assert.equal(at(ratings, 'circuitBreakers.thresholds.0.maxPendingRequests'), 6);
  assert.equal(at(ratings, 'outlierDetection.consecutive5xx'), 7);
  const v1 = shown(CDS, 'outbound|9080|v1|ratings.default.svc.cluster.local');
  assert.equal(v1['lbPolicy'], undefined, 'ROUND_ROBIN is 0');
  assert.equal(at(v1, 'outlierDetection.consecutive5xx'), 7);
});

test('a hash policy of the destination is said by its routes', async () => {
  const sticky = rule('DestinationRule', 'ratings', {
    host: 'ratings',
    trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'X-User' } } },
  });
  const { CDS, RDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, sticky);
  const name = 'outbound|9080||ratings.default.svc.cluster.local';
  assert.equal(shown(CDS, name)['lbPolicy'], 'RING_HASH');
  const policy = at(shown(RDS, name), 'virtualHosts.0.routes.0.route.hashPolicy');
  assert.deepEqual(policy, [{ header: { headerName: 'x-user' } }]);
});

test('the HTTP proxy routes by every name of a service, and knows no others', async () => {
  const entry = rule('ServiceEntry', 'out', {
    hosts: ['out.example'],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    resolution: 'DNS',
  });
  const { RDS, CDS } = await resourcesOf(PRODUCTPAGE, ...BOOKINFO, entry);
  const hosts = at(shown(RDS, 'http_proxy'), 'virtualHosts') as JsonObject[];
  const domains = new Map(hosts.map((host) => [host['name'], host['domains']]));
  assert.deepEqual(domains.get('reviews.default.svc.cluster.local:9080'), [
    'reviews.default.svc.cluster.local:9080',
    'reviews:9080',
    'reviews.default:9080',
    'reviews.default.svc:9080',
  ]);
  assert.deepEqual(domains.get('out.example:80'), ['out.example', 'out.example:80']);
  assert.equal([...domains.values()].flatMap((list) => list as string[]).includes('*'), false);
  const out = shown(CDS, 'outbound|80||out.example');
  assert.deepEqual([out['type'], out['transportSocket']], ['STRICT_DNS', undefined]);
});

test('a gateway serves the rules bound to it, on the hosts that both name', async () => {
  const gateway = rule('Gateway', 'web', {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*.example'] }],
  });
  const bound = rule('VirtualService', 'web', {
    hosts: ['shop.example', 'shop.other'],
    gateways: ['web'],
    http: [{ match: [{ uri: { prefix: '/' } }], route: [{ destination: { host: 'productpage' } }] }],
  });
  const unbound = rule('VirtualService', 'inner', {
    hosts: ['inner.example'],
    http: [{ route: [{ destination: { host: 'productpage' } }] }],
  });
  const { LDS, RDS } = await resourcesOf(GATEWAY, ...BOOKINFO, gateway, bound, unbound);
  const listener = shown(LDS, '0.0.0.0_80');
  assert.equal(at(listener, 'address.socketAddress.portValue'), 21380);
  assert.equal(at(listener, `${MANAGER}.useRemoteAddress`), true);
  assert.equal(at(listener, `${MANAGER}.rds.routeConfigName`), 'http.80');
  const routes = shown(RDS, 'http.80');
  const hosts = routes['virtualHosts'] as JsonObject[];
  assert.deepEqual(
    hosts.map(({ domains }) => domains),
    [['shop.example']],
  );
  const cluster = 'outbound|9080||productpage.default.svc.cluster.local';
  assert.equal(at(hosts[0], 'routes.0.route.cluster'), cluster);
});

test('several rules for one host are merged at a gateway; in the mesh the oldest holds', async () => {
  const gateway = rule('Gateway', 'web', {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  });
  const bound = (name: string, uri: string) =>
    rule('VirtualService', name, {
      hosts: ['shop.example'],
      gateways: ['web'],
      http: [{ match: [{ uri: { prefix: uri } }], route: [{ destination: { host: 'reviews' } }] }],
    });
  const { RDS } = await resourcesOf(GATEWAY, ...BOOKINFO, gateway, bound('a', '/'), bound('b', '/b'));
  const routes = at(shown(RDS, 'http.80'), 'virtualHosts.0.routes') as JsonObject[];
  assert.deepEqual(
    routes.map((route) => at(route, 'match.prefix')),
    ['/b', '/'],
  );
  const first = rule('VirtualService', 'a', { hosts: ['reviews'], http: [{ route: [to('v1')] }] });
  const second = rule('VirtualService', 'b', { hosts: ['reviews'], http: [{ route: [to('v2')] }] });
  const clusters = (await reviewsRoutes(first, second)).map((route) => at(route, 'route.cluster'));
  assert.deepEqual(clusters, ['outbound|9080|v1|reviews.default.svc.cluster.local']);
});

test('a gateway asks for its certificate by the name of its secret', async () => {
  const gateway = rule('Gateway', 'secure', {
    selector: { istio: 'ingressgateway' },
    servers: [
      {
        port: { number: 443, name: 'https', protocol: 'HTTPS' },
        hosts: ['*'],
        tls: { mode: 'SIMPLE', credentialName: 'web' },
      },
    ],
  });
  const { LDS } = await resourcesOf(GATEWAY, ...BOOKINFO, gateway);
  assert.deepEqual([...LDS.keys()], ['0.0.0.0_443']);
  assert.match(JSON.stringify(shown(LDS, '0.0.0.0_443')), /"name":"kubernetes:\/\/web"/);
});

test('what another namespace does not export is not seen', async () => {
  const hidden = rule(
    'VirtualService',
    'reviews',
    { hosts: ['reviews.default.svc.cluster.local'], exportTo: ['.'], http: [{ route: [to('v1')] }] },
    'other',
  );
  const [route] = await reviewsRoutes(hidden);
  assert.equal(at(route, 'route.cluster'), REVIEWS);
});

test('a snapshot that says the same makes nothing anew', async () => {
  const cache = new FragmentCache();
  const first = new SnapshotResources(await snapshotOf(...BOOKINFO), cache).resourcesOf(PRODUCTPAGE);
  const { misses } = cache;
  const second = new SnapshotResources(await snapshotOf(...BOOKINFO), cache).resourcesOf(PRODUCTPAGE);
  assert.equal(cache.misses, misses);
  assert.equal(first.CDS.get(REVIEWS), second.CDS.get(REVIEWS));
});
