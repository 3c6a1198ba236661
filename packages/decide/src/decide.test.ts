import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@bufbuild/protobuf';
import { formatHash64, type Hash64, xxHash64 } from '@meltemi/base';
import * as fc from 'fast-check';
import { decide } from './decide.ts';
import type { RouteDecision } from './decision.ts';
import { NO_FILTER_CONFIGS } from './route-filter-config.ts';
import { chanceOf, get, noDice, rolls, routesOf, tableOf, TestHeaders } from './fixture.ts';
import type { RequestView } from './request-view.ts';
import type { RouteTable } from './route-table.ts';

type Json = { [key: string]: JsonValue };

/** Routes named by their index that lead to clusters of the same name. */
function clustersOf(matches: readonly Json[], table: Json = {}): RouteTable {
  const routes = matches.map((match, index) => ({ match, route: { cluster: String(index) } }));
  return tableOf({ ...table, virtualHosts: [{ name: 'v', domains: ['*'], routes }] });
}

function clusterFor(table: RouteTable, request: RequestView, chance = 0): string {
  const decision = decide(table, request, chanceOf(chance));
  return decision.kind === 'route' ? decision.cluster : decision.kind;
}

function forwarded(action: Json, request: RequestView, virtualHost: Json = {}, ...dice: number[]): RouteDecision {
  const route = { match: { prefix: '/' }, ...action, route: { cluster: 'c', ...(action['route'] as Json) } };
  const decision = decide(routesOf([route], virtualHost), request, dice.length > 0 ? rolls(...dice) : noDice);
  if (decision.kind !== 'route') throw new Error(`the decision is ${decision.kind}`);
  return decision;
}

test('the first route that matches wins', () => {
  const table = clustersOf([
    { path: '/exact' },
    { prefix: '/api', headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] },
    { prefix: '/api' },
    { safeRegex: { regex: '/r/[0-9]+' } },
    { pathSeparatedPrefix: '/sep' },
    { prefix: '/Case', caseSensitive: false },
    {
      path: '/q',
      queryParameters: [
        { name: 'a', stringMatch: { exact: '1' } },
        { name: 'b', presentMatch: true },
      ],
    },
    { prefix: '/grpc', grpc: {} },
    { connectMatcher: {} },
  ]);
  const requests: readonly [request: RequestView, cluster: string][] = [
    [get('/exact'), '0'],
    [get('/exact?x=1'), '0'],
    [get('/exact/'), 'not-found'],
    [get('/api/x', { 'end-user': 'jason' }), '1'],
    [get('/apix', { 'end-user': 'kelly' }), '2'],
    [get('/r/12?x'), '3'],
    [get('/r/12/'), 'not-found'],
    [get('/sep'), '4'],
    [get('/sep/x'), '4'],
    [get('/sep?x'), '4'],
    [get('/separate'), 'not-found'],
    [get('/cASE/x'), '5'],
    [get('/q?b&a=1'), '6'],
    [get('/q?a=1'), 'not-found'],
    [get('/q?a=2&a=1&b'), 'not-found'],
    [get('/grpc', { 'content-type': 'application/grpc+proto' }), '7'],
    [get('/grpc', { 'content-type': 'application/grpc-web' }), 'not-found'],
    [get('', {}, { method: 'CONNECT' }), '8'],
  ];
  assert.deepEqual(
    requests.map(([request]) => [request, clusterFor(table, request)]),
    requests,
  );
});

test('parameters of the path are ignored where the configuration says so', () => {
  const table = clustersOf([{ path: '/a' }], { ignorePathParametersInPathMatching: true });
  assert.equal(clusterFor(table, get('/a;v=1?q')), '0');
});

const fraction = fc.oneof(
  fc.nat(100).map((numerator) => ({ numerator, denominator: 'HUNDRED' as const })),
  fc.nat(10_000).map((numerator) => ({ numerator, denominator: 'TEN_THOUSAND' as const })),
  fc.nat(1_000_000).map((numerator) => ({ numerator, denominator: 'MILLION' as const })),
);
const WHOLE = { HUNDRED: 100n, TEN_THOUSAND: 10_000n, MILLION: 1_000_000n };
const chances = fc.maxSafeNat();

test('every fraction of successive routes takes its remainder of one number', () => {
  fc.assert(
    fc.property(fc.array(fraction, { maxLength: 4 }), chances, (fractions, chance) => {
      const matches = fractions.map((defaultValue) => ({ prefix: '/', runtimeFraction: { defaultValue } }));
      const first = fractions.findIndex(
        ({ numerator, denominator }) => BigInt(chance) % WHOLE[denominator] < BigInt(numerator),
      );
      const wanted = first < 0 ? fractions.length : first;
      assert.equal(clusterFor(clustersOf([...matches, { prefix: '/' }]), get('/'), chance), String(wanted));
    }),
  );
});

test('every number picks the cluster whose share of the weights its remainder falls in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(100), { minLength: 1, maxLength: 5 }).filter((weights) => weights.some((weight) => weight > 0)),
      chances,
      (weights, chance) => {
        const clusters = weights.map((weight, index) => ({ name: String(index), weight }));
        const table = routesOf([{ match: { prefix: '/' }, route: { weightedClusters: { clusters } } }]);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const point = Number(BigInt(chance) % BigInt(total));
        let sum = 0;
        const wanted = weights.findIndex((weight) => point < (sum += weight));
        assert.equal(clusterFor(table, get('/'), chance), String(wanted));
      },
    ),
  );
});

test('a header decides among weighted clusters, or names the cluster', () => {
  const weighted = routesOf([
    {
      match: { prefix: '/' },
      route: {
        weightedClusters: {
          headerName: 'x-random',
          clusters: [
            { name: 'a', weight: 1 },
            { clusterHeader: 'x-c', weight: 9 },
          ],
        },
      },
    },
  ]);
  const named = routesOf([
    { match: { prefix: '/' }, route: { clusterHeader: 'X-C', clusterNotFoundResponseCode: 'NOT_FOUND' } },
  ]);
  assert.deepEqual(
    [
      clusterFor(weighted, get('/', { 'x-random': '20' }), 5),
      clusterFor(weighted, get('/', { 'x-random': '21', 'x-c': 'b' })),
      clusterFor(weighted, get('/', { 'x-random': 'none', 'x-c': 'b' }), 0.05),
      clusterFor(named, get('/', { 'x-c': 'reviews' })),
      clusterFor(named, get('/')),
    ],
    ['a', 'b', 'a', 'reviews', ''],
  );
});

test('rewrites path and authority', () => {
  const rewritten = (match: Json, route: Json, path: string, headers: Record<string, string> = {}) => {
    const { path: newPath, authority } = forwarded({ match, route }, get(path, headers));
    return [newPath, authority];
  };
  assert.deepEqual(
    [
      rewritten({ prefix: '/a' }, { prefixRewrite: '/b' }, '/a/c?d=/a'),
      rewritten({ prefix: '/a/' }, { prefixRewrite: '/' }, '/a/c'),
      rewritten({ path: '/a' }, { prefixRewrite: '/b' }, '/a?x'),
      rewritten({ safeRegex: { regex: '/a.*' } }, { prefixRewrite: '/b' }, '/a/c?x'),
      rewritten(
        { prefix: '/' },
        { regexRewrite: { pattern: { regex: '^/v(\\d)/(.*)$' }, substitution: '/\\2/v\\1' } },
        '/v1/x?y=/v1/x',
      ),
      rewritten({ prefix: '/' }, { hostRewriteLiteral: 'other' }, '/'),
      rewritten({ prefix: '/' }, { hostRewriteHeader: 'X-Host' }, '/', { 'x-host': 'given' }),
      rewritten({ prefix: '/' }, { hostRewriteHeader: 'X-Host' }, '/'),
      rewritten(
        { prefix: '/' },
        { hostRewritePathRegex: { pattern: { regex: '^/([^/]+)/.*$' }, substitution: '\\1.x' } },
        '/foo/bar?q',
      ),
    ],
    [
      ['/b/c?d=/a', 'reviews:9080'],
      ['/c', 'reviews:9080'],
      ['/b?x', 'reviews:9080'],
      ['/b?x', 'reviews:9080'],
      ['/x/v1?y=/v1/x', 'reviews:9080'],
      ['/', 'other'],
      ['/', 'given'],
      ['/', 'reviews:9080'],
      ['/foo/bar?q', 'foo.x'],
    ],
  );
});

test('a header that names the host is read after the changes of the route', () => {
  const route = { hostRewriteHeader: 'x-host' };
  const host = (action: Json) => forwarded({ ...action, route }, get('/', { 'x-host': 'a', 'x-b': 'b' })).authority;
  const set = (value: string) => ({
    requestHeadersToAdd: [{ header: { key: 'x-host', value }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
  });
  assert.deepEqual(
    [host({}), host({ requestHeadersToRemove: ['x-host'] }), host(set('c')), host(set('%REQ(x-b)%.d'))],
    ['a', 'reviews:9080', 'c', 'b.d'],
  );
});

test('redirects', () => {
  const location = (
    redirect: Json,
    path = '/a/b?q=1',
    changes: Partial<RequestView> = {},
    match: Json = { prefix: '/a' },
  ) => {
    const decision = decide(routesOf([{ match, redirect }]), get(path, {}, { authority: 'h:80', ...changes }), noDice);
    return decision.kind === 'redirect' ? `${decision.status} ${decision.location}` : decision.kind;
  };
  assert.deepEqual(
    [
      location({ httpsRedirect: true }),
      location({ httpsRedirect: true }, '/a', { authority: 'h:8080' }),
      location({ httpsRedirect: true, portRedirect: 8443 }, '/a', { authority: '[::1]:8080' }),
      location({ schemeRedirect: 'http' }, '/a', { scheme: 'https', authority: '[::1]:443' }),
      location({ hostRedirect: 'new', responseCode: 'FOUND' }),
      location({ pathRedirect: '/new' }),
      location({ pathRedirect: '/new', stripQuery: true }),
      location({ pathRedirect: '/new?x', stripQuery: true }),
      location({ prefixRewrite: '/p' }),
      location({ stripQuery: true, responseCode: 'PERMANENT_REDIRECT' }),
      location({ regexRewrite: { pattern: { regex: '/b$' }, substitution: '/c' } }),
    ],
    [
      '301 https://h/a/b?q=1',
      '301 https://h:8080/a',
      '301 https://[::1]:8443/a',
      '301 http://[::1]/a',
      '302 http://new/a/b?q=1',
      '301 http://h:80/new?q=1',
      '301 http://h:80/new',
      '301 http://h:80/new?x',
      '301 http://h:80/p/b?q=1',
      '308 http://h:80/a/b',
      '301 http://h:80/a/c?q=1',
    ],
  );
});

test('sends plaintext requests to TLS where the virtual host wants it', () => {
  const kindOf = (requireTls: string, headers: Record<string, string>, scheme: string) => {
    const table = routesOf([{ match: { prefix: '/' }, route: { cluster: 'c' } }], { requireTls });
    const decision = decide(table, get('/a?b', headers, { scheme, authority: 'h:80' }), noDice);
    return decision.kind === 'redirect' ? decision.location : decision.kind;
  };
  assert.deepEqual(
    [
      kindOf('ALL', {}, 'http'),
      kindOf('ALL', {}, 'https'),
      kindOf('EXTERNAL_ONLY', {}, 'http'),
      kindOf('EXTERNAL_ONLY', { 'x-envoy-internal': 'true' }, 'http'),
    ],
    ['https://h:80/a?b', 'route', 'https://h:80/a?b', 'route'],
  );
});

test('answers directly', () => {
  const table = routesOf([
    {
      name: 'teapot',
      match: { prefix: '/' },
      directResponse: { status: 418, body: { inlineString: 'short' } },
      metadata: { filterMetadata: { meltemi: { source: 'a.yaml:3' }, istio: { config: '/apis/x' } } },
    },
  ]);
  assert.deepEqual(decide(table, get('/'), noDice), {
    kind: 'direct',
    route: { name: 'teapot', virtualHost: 'all', source: 'a.yaml:3', config: '/apis/x', operation: undefined },
    status: 418,
    body: new TextEncoder().encode('short'),
    responseHeaders: [],
    fault: undefined,
    filterConfigs: NO_FILTER_CONFIGS,
  });
});

test('a route without more says how it is forwarded', () => {
  assert.deepEqual(forwarded({ name: 'r', decorator: { operation: 'op' } }, get('/x?y')), {
    kind: 'route',
    route: { name: 'r', virtualHost: 'all', source: undefined, config: undefined, operation: 'op' },
    cluster: 'c',
    clusterNotFoundStatus: 503,
    path: '/x?y',
    originalPath: undefined,
    authority: 'reviews:9080',
    originalHost: undefined,
    autoHostRewrite: false,
    appendForwardedHost: false,
    timeoutMs: 15_000,
    idleTimeoutMs: undefined,
    maxStreamDurationMs: undefined,
    retry: undefined,
    requestHeaders: [],
    responseHeaders: [],
    fault: undefined,
    filterConfigs: NO_FILTER_CONFIGS,
    mirrors: [],
    hash: undefined,
    upgrades: new Map(),
    rules: {
      internalRedirect: undefined,
      hedgeOnPerTryTimeout: false,
      bufferLimit: undefined,
      endsConnect: false,
      includeIsTimeoutRetry: false,
      setGrpcTimeout: false,
    },
    hedged: false,
    includeAttemptCount: false,
    includeAttemptCountInResponse: false,
    priority: 'default',
    subset: undefined,
  });
});

test('limits the time by the route, the request where it is trusted, and grpc-timeout', () => {
  const timeout = (route: Json, headers: Record<string, string> = {}, trusted = false) => {
    const decision = forwarded({ route }, get('/', headers, { trusted }));
    return [decision.timeoutMs, decision.idleTimeoutMs, decision.maxStreamDurationMs];
  };
  const grpc = { 'content-type': 'application/grpc' };
  const asked = { 'x-envoy-upstream-rq-timeout-ms': '7' };
  assert.deepEqual(
    [
      timeout({ timeout: '0s', idleTimeout: '1s' }),
      timeout({ timeout: '3s' }, asked),
      timeout({ timeout: '3s' }, asked, true),
      timeout({ timeout: '3s', maxGrpcTimeout: '2s' }, { ...grpc, 'grpc-timeout': '500m' }),
      timeout({ timeout: '3s', maxGrpcTimeout: '2s' }, { ...grpc, 'grpc-timeout': '5S' }),
      timeout({ timeout: '3s', maxGrpcTimeout: '0s' }, grpc),
      timeout({ timeout: '3s', maxStreamDuration: { maxStreamDuration: '9s' } }),
      timeout({ maxStreamDuration: { grpcTimeoutHeaderMax: '2s' } }, { ...grpc, 'grpc-timeout': '1S' }),
    ],
    [
      [0, 1000, undefined],
      [3000, undefined, undefined],
      [7, undefined, undefined],
      [500, undefined, undefined],
      [2000, undefined, undefined],
      [0, undefined, undefined],
      [0, undefined, 9000],
      [0, undefined, 1000],
    ],
  );
});

test('retries by the route, else the virtual host, and by the request where it is trusted', () => {
  const retry = (route: Json, virtualHost: Json = {}, headers: Record<string, string> = {}, trusted = false) => {
    const policy = forwarded({ route }, get('/', headers, { trusted }), virtualHost).retry;
    return (
      policy && [policy.on, policy.numRetries, policy.perTryTimeoutMs, policy.baseIntervalMs, policy.maxIntervalMs]
    );
  };
  const control = { 'x-envoy-retry-on': 'reset', 'x-envoy-max-retries': '5' };
  assert.deepEqual(
    [
      retry({}),
      retry({ retryPolicy: { retryOn: '5xx, connect-failure,unknown', numRetries: 3, perTryTimeout: '2s' } }),
      retry({ retryPolicy: { retryOn: '5xx', perTryTimeout: '20s', retryBackOff: { baseInterval: '0.1s' } } }),
      retry({}, { retryPolicy: { retryOn: 'unavailable' } }),
      retry({ retryPolicy: {} }, { retryPolicy: { retryOn: '5xx' } }),
      retry({}, {}, control),
      retry({}, {}, control, true),
      retry({ retryPolicy: { retryOn: '5xx', retriableRequestHeaders: [{ name: 'x-again' }] } }),
    ],
    [
      undefined,
      [1 | (1 << 2), 3, 2000, 25, 250],
      [1, 1, 0, 100, 1000],
      [1 << 8, 1, 0, 25, 250],
      undefined,
      undefined,
      [1 << 11, 5, 0, 25, 250],
      undefined,
    ],
  );
});

test('codes and headers of responses ask for another try', () => {
  const retryPolicy = {
    retryOn: 'retriable-headers,retriable-status-codes',
    retriableStatusCodes: [429],
    retriableHeaders: [{ name: 'X-Again', exactMatch: 'yes' }],
    retryHostPredicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }],
    hostSelectionRetryMaxAttempts: '5',
  };
  const headers = { 'x-envoy-retriable-status-codes': '409,x', 'x-envoy-retriable-header-names': 'X-Other' };
  const policy = forwarded({ route: { retryPolicy } }, get('/', headers, { trusted: true })).retry;
  const again = (fields: Record<string, string>) => policy?.retriableResponse(new TestHeaders(fields));
  assert.deepEqual(
    [policy?.retriableStatusCodes, policy?.hosts.previousHosts, policy?.hosts.attempts],
    [[429, 409], true, 5],
  );
  assert.deepEqual(
    [again({ 'x-again': 'yes' }), again({ 'x-again': 'no' }), again({ 'x-other': '' }), again({})],
    [true, false, true, false],
  );
});

test('keeps to an endpoint by header, cookie, address or query', () => {
  const hash = (policies: Json[], path = '/', headers: Record<string, string> = {}) =>
    textOf(
      forwarded({ route: { hashPolicy: policies } }, get(path, headers, { remoteAddress: '10.0.0.1' }), {}, 0.5).hash,
    );
  const textOf = (value: Hash64 | undefined) => value && formatHash64(value);
  const byUser = [{ header: { headerName: 'x-user' } }];
  const ann = hash(byUser, '/', { 'x-user': 'ann' });
  assert.equal(ann, formatHash64(xxHash64('ann')));
  assert.deepEqual(
    [
      hash(byUser, '/', { 'x-user': 'ann' }) === ann,
      hash(byUser, '/', { 'x-user': 'bob' }) === ann,
      hash(byUser),
      hash([{ cookie: { name: 'user' } }], '/', { cookie: 'a=b; user="ann"' }) === ann,
      hash([{ cookie: { name: 'user' } }]),
      hash([{ queryParameter: { name: 'u' } }], '/?u=ann') === ann,
      hash([{ ...byUser[0], terminal: true }, { connectionProperties: { sourceIp: true } }], '/', {
        'x-user': 'ann',
      }) === ann,
      hash([...byUser, { connectionProperties: { sourceIp: true } }], '/', { 'x-user': 'ann' }) === ann,
    ],
    [true, false, undefined, true, undefined, true, true, false],
  );
});

test('gives a cookie to clients that have none', () => {
  const cookie = {
    cookie: { name: 'session', ttl: '60s', path: '/', attributes: [{ name: 'SameSite', value: 'Lax' }] },
  };
  const decision = forwarded({ route: { hashPolicy: [cookie] } }, get('/'), {}, 0.5, 0.25);
  const [change] = decision.responseHeaders;
  assert.deepEqual(change?.kind === 'append' && [change.name, change.value], [
    'set-cookie',
    'session="8000000040000000"; Max-Age=60; Path=/; SameSite=Lax; HttpOnly',
  ]);
  assert.deepEqual(
    forwarded({ route: { hashPolicy: [cookie] } }, get('/', { cookie: 'session=x' })).responseHeaders,
    [],
  );
});

test('mirrors all or a fraction of the requests', () => {
  const mirrors = (policies: Json[], roll: number, headers: Record<string, string> = {}, virtualHost: Json = {}) =>
    forwarded({ route: { requestMirrorPolicies: policies } }, get('/', headers), virtualHost, roll).mirrors.map(
      ({ cluster, appendShadowSuffix }) => [cluster, appendShadowSuffix],
    );
  const half = {
    cluster: 'half',
    disableShadowHostSuffixAppend: true,
    runtimeFraction: { defaultValue: { numerator: 50 } },
  };
  assert.deepEqual(
    [
      mirrors([{ cluster: 'all' }], 0.99),
      mirrors([half], 0.49),
      mirrors([half], 0.5),
      mirrors([{ clusterHeader: 'x-m' }], 0, { 'x-m': 'named' }),
      mirrors([{ clusterHeader: 'x-m' }], 0),
      mirrors([], 0, {}, { requestMirrorPolicies: [{ cluster: 'host' }] }),
    ],
    [[['all', true]], [['half', false]], [], [['named', true]], [], [['host', true]]],
  );
});

test('upgrades, subsets, priority and attempt counts come from the route and its surroundings', () => {
  const lb = (value: string) => ({ filterMetadata: { 'envoy.lb': { [value]: value } } });
  const decision = forwarded(
    {
      route: {
        cluster: 'c',
        upgradeConfigs: [{ upgradeType: 'WebSocket' }, { upgradeType: 'h2c', enabled: false }],
        metadataMatch: lb('a'),
        priority: 'HIGH',
        autoHostRewrite: true,
        appendXForwardedHost: true,
      },
    },
    get('/'),
    { includeRequestAttemptCount: true, includeAttemptCountInResponse: true },
  );
  const { upgrades, subset, priority, autoHostRewrite, appendForwardedHost, includeAttemptCount } = decision;
  assert.deepEqual(
    { upgrades, subset, priority, autoHostRewrite, appendForwardedHost, includeAttemptCount },
    {
      upgrades: new Map([
        ['websocket', true],
        ['h2c', false],
      ]),
      subset: { a: 'a' },
      priority: 'high',
      autoHostRewrite: true,
      appendForwardedHost: true,
      includeAttemptCount: true,
    },
  );
});

test('says why nothing was found', () => {
  const table = tableOf({
    virtualHosts: [{ name: 'v', domains: ['a'], routes: [{ match: { prefix: '/x' }, route: { cluster: 'c' } }] }],
  });
  assert.deepEqual(
    [
      decide(table, get('/x', {}, { authority: 'b' }), noDice),
      decide(table, get('/y', {}, { authority: 'A' }), noDice),
    ],
    [
      { kind: 'not-found', reason: 'no virtual host' },
      { kind: 'not-found', reason: 'no route' },
    ],
  );
});
