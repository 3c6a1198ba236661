// Makes random virtual hosts of what the mesh does beyond routing: access rules, CORS, retries, timeouts, faults by header, hash policies; and requests that meet them.
import type { JsonObject } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { FAILS_HEADER, FAILS_WITH_HEADER, SLOW_HEADER } from './behaving-upstream.ts';
import { barePath, headerMatch, type Part } from './random-matches.ts';
import { matchShape, treeOf } from './random-match-trees.ts';
import type { TestRequest } from './random-requests.ts';
import { CLUSTERS, ROUTE_HEADER } from './random-routes.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';

/** A cluster of all upstreams that hashes choose among. */
export const RING_CLUSTER = 'ring';

/** A RouteConfiguration whose virtual hosts serve `p0`, `p1` …; the same for the same seed. */
export function randomPolicies(seed: number, hosts: number): JsonObject {
  return {
    name: `policies ${seed}`,
    responseHeadersToAdd: [{ header: { key: ROUTE_HEADER, value: '%ROUTE_NAME%' } }],
    virtualHosts: fc.sample(virtualHost, { numRuns: hosts, seed }).map((host, index) => ({
      ...host,
      name: `p${index}`,
      domains: [`p${index}`],
    })),
  };
}

/** Requests to `p0`, `p1` … in turn; the same for the same seed. */
export function policyRequests(seed: number, hosts: number, perHost: number): readonly TestRequest[] {
  return fc
    .sample(request, { numRuns: hosts * perHost, seed })
    .map((each, index) => ({ ...each, authority: `p${index % hosts}` }));
}

const permission: Part = fc.oneof(
  fc.constant<JsonObject>({ any: true }),
  headerMatch.map((header) => ({ header })),
  barePath.map((prefix) => ({ urlPath: { path: { prefix } } })),
  barePath.map((exact) => ({ notRule: { urlPath: { path: { exact } } } })),
);

const principal: Part = fc.oneof(
  fc.constant<JsonObject>({ any: true }),
  headerMatch.map((header) => ({ header })),
  headerMatch.map((header) => ({ notId: { header } })),
  fc.constant<JsonObject>({ directRemoteIp: { addressPrefix: '127.0.0.0', prefixLen: 8 } }),
  fc.constant<JsonObject>({ authenticated: {} }),
);

const access: Part = fc
  .record({
    action: fc.constantFrom('ALLOW', 'DENY'),
    policies: fc.array(
      fc.record({
        permissions: fc.array(permission, { minLength: 1, maxLength: 2 }),
        principals: fc.array(principal, { minLength: 1, maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ action, policies }) => ({
    'envoy.filters.http.rbac': {
      '@type': `${TYPE}.rbac.v3.RBACPerRoute`,
      rbac: {
        rules: { action, policies: Object.fromEntries(policies.map((policy, index) => [`policy-${index}`, policy])) },
      },
    },
  }));

const accessTree: Part = fc
  .tuple(matchShape, fc.array(fc.constantFrom('ALLOW', 'DENY', 'LOG'), { minLength: 6, maxLength: 6 }))
  .map(([shape, actions]) => ({
    'envoy.filters.http.rbac': {
      '@type': `${TYPE}.rbac.v3.RBACPerRoute`,
      rbac: {
        matcher: treeOf(shape, (number) => ({
          '@type': 'type.googleapis.com/envoy.config.rbac.v3.Action',
          name: `action-${number}`,
          action: actions[number % actions.length]!,
        })),
      },
    },
  }));

const cors: Part = fc
  .record(
    {
      allowOriginStringMatch: fc.subarray<JsonObject>([
        { exact: 'http://a' },
        { suffix: '.b' },
        { safeRegex: { regex: 'h.*c' } },
      ]),
      allowMethods: fc.constantFrom('', 'GET,PUT'),
      allowHeaders: fc.constantFrom('', 'x-one'),
      exposeHeaders: fc.constantFrom('', 'x-two'),
      maxAge: fc.constantFrom('', '5'),
      allowCredentials: fc.boolean(),
      forwardNotMatchingPreflights: fc.boolean(),
      filterEnabled: fc.constantFrom({ defaultValue: { numerator: 0 } }, { defaultValue: { numerator: 100 } }),
    },
    { requiredKeys: ['allowOriginStringMatch'] },
  )
  .map((policy): JsonObject => ({ 'envoy.filters.http.cors': { '@type': `${TYPE}.cors.v3.CorsPolicy`, ...policy } }));

const retryPolicy: Part = fc
  .record({
    words: fc.subarray(
      // oxfmt-ignore
      ['5xx', 'gateway-error', 'reset', 'connect-failure', 'retriable-4xx', 'retriable-status-codes', 'retriable-headers', 'envoy-ratelimited', 'unavailable', 'refused-stream', 'nonsense'],
      { minLength: 1, maxLength: 3 },
    ),
    numRetries: fc.integer({ min: 0, max: 3 }),
    retriableStatusCodes: fc.subarray([418, 429]),
    retriableHeaders: fc.subarray([{ name: 'again', stringMatch: { exact: 'yes' } }]),
    retriableRequestHeaders: fc.subarray([{ name: 'x', presentMatch: true }]),
  })
  .map(({ words, ...rest }) => ({ retryOn: words.join(','), retryBackOff: { baseInterval: '0.001s' }, ...rest }));

const hashPolicy: Part = fc.constantFrom<JsonObject>(
  { header: { headerName: 'x' } },
  { header: { headerName: 'y' }, terminal: true },
  { queryParameter: { name: 'x' } },
  { cookie: { name: 'c' } },
  { header: { headerName: 'x', regexRewrite: { pattern: { regex: 'a' }, substitution: 'b' } } },
);

const internalRedirectPolicy: Part = fc.record({
  maxInternalRedirects: fc.constantFrom(1, 2),
  redirectResponseCodes: fc.subarray([301, 302, 303]),
  allowCrossSchemeRedirect: fc.boolean(),
  responseHeadersToCopy: fc.subarray(['x']),
});

const forward: Part = fc.oneof(
  { weight: 2, arbitrary: fc.record({ cluster: fc.constantFrom(...CLUSTERS), internalRedirectPolicy }) },
  { weight: 3, arbitrary: fc.record({ cluster: fc.constantFrom(...CLUSTERS), retryPolicy }) },
  {
    weight: 1,
    arbitrary: fc.record({
      cluster: fc.constantFrom(...CLUSTERS),
      timeout: fc.constantFrom('0.5s', '0s', '30s'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.array(hashPolicy, { minLength: 1, maxLength: 3 }).map((policies): JsonObject => ({
      cluster: RING_CLUSTER,
      // Where nothing is found to hash, chance would choose.
      hashPolicy: [...policies, { connectionProperties: { sourceIp: true } }],
    })),
  },
);

const virtualHost: Part = fc
  .record({
    route: forward,
    filters: fc.array(fc.oneof(access, accessTree, cors), { maxLength: 2 }),
    attempts: fc.boolean(),
    inResponse: fc.boolean(),
  })
  .map(({ route, filters, attempts, inResponse }) => ({
    routes: [{ name: 'only', match: { prefix: '/' }, route }],
    typedPerFilterConfig: Object.assign({}, ...filters) as JsonObject,
    includeRequestAttemptCount: attempts,
    includeAttemptCountInResponse: inResponse,
  }));

const value = fc.constantFrom('a', 'b', '1', 'ab', '5');

const headers = fc.record(
  {
    x: value,
    y: value,
    cookie: fc.constantFrom('c=1', 'd=2; c="two"', 'e=3'),
    origin: fc.constantFrom('http://a', 'https://x.b', 'https://c', 'http://d'),
    'access-control-request-method': fc.constantFrom('GET', 'PUT'),
    'access-control-request-private-network': fc.constant('true'),
    'x-envoy-fault-abort-request': fc.constantFrom('418', '503', '7'),
    'x-envoy-fault-abort-request-percentage': fc.constantFrom('0', '100'),
    'x-envoy-retry-on': fc.constantFrom(
      '5xx',
      'retriable-4xx,reset',
      'retriable-status-codes',
      'unavailable',
      'nonsense',
    ),
    'x-envoy-retry-grpc-on': fc.constantFrom('unavailable', '5xx'),
    'x-envoy-max-retries': fc.constantFrom('0', '2', 'many'),
    'x-envoy-retriable-status-codes': fc.constantFrom('418,x', '200'),
    'x-envoy-retriable-header-names': fc.constantFrom('again', 'None,Location'),
    'x-envoy-upstream-rq-timeout-ms': fc.constantFrom('20000', '0', 'soon'),
    'x-envoy-upstream-rq-per-try-timeout-ms': fc.constantFrom('20000', '30000'),
    'x-envoy-hedge-on-per-try-timeout': fc.constantFrom('true', 'false'),
    [FAILS_HEADER]: fc.constantFrom(
      '1:503',
      '2:503',
      '1:500',
      '1:409',
      '1:418',
      '2:429',
      '1:close',
      '1:504',
      '1:200',
      '1:302',
      '2:302',
      '1:303',
    ),
    // oxfmt-ignore
    [FAILS_WITH_HEADER]: fc.constantFrom('location=/b?x=1', 'location=http://p3/a', 'location=https://p4/a', 'location=http://nobody/', 'location=p', 'again=yes', 'x-envoy-ratelimited=true', 'grpc-status=14', 'x-envoy-overloaded=true'),
    [SLOW_HEADER]: fc.constant('1500'),
  },
  { requiredKeys: [] },
);

/** Rare ones are thrown out of most requests, so that they don't hide the rest. */
const rarely: readonly (readonly [name: string, inverse: number])[] = [
  ['x-envoy-fault-abort-request', 4],
  ['x-envoy-retry-on', 2],
  ['x-envoy-max-retries', 2],
  ['x-envoy-retriable-status-codes', 2],
  [SLOW_HEADER, 40],
];

const request = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'OPTIONS', 'HEAD'),
    body: fc.constantFrom('', 'a body'),
    path: barePath,
    query: fc.constantFrom('', '?x=1', '?x=2', '?y=1'),
    headers,
    luck: fc.nat({ max: 1000 }),
  })
  .map(({ method, body, path, query, headers: all, luck }): Omit<TestRequest, 'authority'> => {
    const kept = Object.entries(all).filter(([name, value]) => {
      // Safe requests are sent again when a kept-alive connection is found closed, unlike in Envoy.
      if (name === FAILS_HEADER && value.endsWith('close') && method !== 'POST') return false;
      const inverse = rarely.find(([rare]) => rare === name)?.[1] ?? 1;
      return luck % inverse === 0;
    });
    return {
      method,
      path: path + query,
      headers: Object.fromEntries(kept) as Record<string, string>,
      body: method === 'POST' ? body : '',
    };
  });
