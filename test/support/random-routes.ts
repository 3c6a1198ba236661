// Makes random virtual hosts, as protobuf's JSON, of all that decides a request without chance: matches, actions, headers, faults.
import type { JsonObject } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { FAULT_TYPE } from './envoy-bootstrap.ts';
import { headerMatch, match, type Part, templated } from './random-matches.ts';
import { matchShape, treeOf } from './random-match-trees.ts';

export const CLUSTERS = ['v1', 'v2', 'v3'] as const;
/** The request header whose number chooses among weighted clusters, so that chance has no part in it. */
export const WEIGHT_HEADER = 'w';
/** The request header that names the cluster of a `cluster_header` route. */
export const CLUSTER_HEADER = 'c';

/** Tells by which route an answer came: its name, as a response header. */
export const ROUTE_HEADER = 'chosen-route';

/** A RouteConfiguration whose virtual hosts serve `h0`, `h1` …, each on every port; the same for the same seed. */
export function randomRoutes(seed: number, hosts: number): JsonObject {
  const virtualHosts = fc.sample(virtualHost, { numRuns: hosts, seed }).map(({ routes, shape, rest }, host) => {
    const named = routes.map((each, index) => ({ ...each, name: `h${host}.${index}` }));
    const chosen: JsonObject = shape
      ? { matcher: treeOf(shape, (number) => routeAction(named, number)) }
      : { routes: named };
    return { ...rest, ...chosen, name: `h${host}`, domains: [`h${host}`] };
  });
  return {
    name: `seed ${seed}`,
    virtualHosts,
    ignorePortInHostMatching: true,
    mostSpecificHeaderMutationsWins: seed % 2 === 1,
    responseHeadersToAdd: [{ header: { key: ROUTE_HEADER, value: '%ROUTE_NAME%' } }],
  };
}

const ROUTE_TYPE = 'type.googleapis.com/envoy.config.route.v3';

const cluster = fc.constantFrom(...CLUSTERS);
const nothing = fc.constant<JsonObject>({});

/** Header additions whose values are among the given ones. */
function additions(...values: readonly string[]): fc.Arbitrary<JsonObject[]> {
  const addition = fc.record({
    header: fc.record({ key: fc.constantFrom('x', 'n', 'm'), value: fc.constantFrom(...values) }),
    appendAction: fc.constantFrom(
      'APPEND_IF_EXISTS_OR_ADD',
      'ADD_IF_ABSENT',
      'OVERWRITE_IF_EXISTS_OR_ADD',
      'OVERWRITE_IF_EXISTS',
    ),
    keepEmptyValue: fc.boolean(),
  });
  return fc.array(addition, { maxLength: 3 });
}

const headerOperations: Part = fc.record({
  requestHeadersToAdd: additions(
    'lit',
    '%REQ(x)%',
    '%REQ(zz?y)%!',
    '100%%',
    '',
    '%PROTOCOL%',
    '%REQUESTED_SERVER_NAME%',
    '%REQ(x):1%',
  ),
  requestHeadersToRemove: fc.subarray(['x', 'y', 'n']),
  responseHeadersToAdd: additions(
    'lit',
    '%RESP(x)%',
    '%RESP(zz?n)%!',
    '100%%',
    '',
    '%REQ(y)%',
    '%REQ(:method)%',
    '%ROUTE_NAME%',
  ),
  responseHeadersToRemove: fc.subarray(['x', 'n']),
});

const regexRewrite = fc.constantFrom(
  { pattern: { regex: 'a' }, substitution: 'Z' },
  { pattern: { regex: '^/(.)(.*)$' }, substitution: String.raw`/\2/\1` },
  { pattern: { regex: 'b*' }, substitution: '/-' },
);

const pathRewrite: Part = fc.oneof(
  nothing,
  fc.record({ prefixRewrite: fc.constantFrom('/new', '/') }),
  fc.record({ regexRewrite }),
);

const hostRewrite: Part = fc.constantFrom<JsonObject>(
  {},
  { hostRewriteLiteral: 'lit' },
  { hostRewriteHeader: 'y' },
  { hostRewritePathRegex: { pattern: { regex: '^/(.).*$' }, substitution: String.raw`h\1` } },
);

const fault: Part = fc
  .tuple(
    fc.constantFrom(400, 429, 503),
    fc.constantFrom('', '', 'v1'),
    fc.array(headerMatch, { maxLength: 1 }),
    fc.constantFrom(100, 100, 0),
  )
  .map(([httpStatus, upstreamCluster, headers, numerator]) => ({
    'envoy.filters.http.fault': {
      '@type': FAULT_TYPE,
      upstreamCluster,
      headers,
      abort: { httpStatus, percentage: { numerator } },
    },
  }));

const sometimesFault: Part = fc.oneof(
  { weight: 5, arbitrary: nothing },
  { weight: 1, arbitrary: fc.record({ typedPerFilterConfig: fault }) },
);

const weightedCluster: Part = fc
  .tuple(
    fc.record({ name: cluster, weight: fc.constantFrom(0, 1, 30, 70) }),
    headerOperations,
    fc.constantFrom<JsonObject>({}, {}, { hostRewriteLiteral: 'weighted' }),
    sometimesFault,
  )
  .map((parts) => merged(parts));

const weightedClusters: Part = fc
  .array(weightedCluster, { minLength: 2, maxLength: 3 })
  .filter((clusters) => clusters.some(({ weight }) => weight !== 0))
  .map((clusters) => ({ weightedClusters: { clusters, headerName: WEIGHT_HEADER } }));

const clusterSpecifier: Part = fc.oneof(
  { weight: 3, arbitrary: fc.record({ cluster }) },
  { weight: 1, arbitrary: weightedClusters },
  { weight: 1, arbitrary: fc.constant({ clusterHeader: CLUSTER_HEADER }) },
);

const forward: Part = fc.tuple(clusterSpecifier, pathRewrite, hostRewrite).map((parts) => ({ route: merged(parts) }));

const redirect: Part = fc
  .tuple(
    fc.oneof(
      nothing,
      fc.record({ pathRedirect: fc.constantFrom('/p', '/p?q') }),
      fc.constant({ prefixRewrite: '/r' }),
      fc.record({ regexRewrite }),
    ),
    fc.record({
      hostRedirect: fc.constantFrom('', 'newhost'),
      portRedirect: fc.constantFrom(0, 81),
      stripQuery: fc.boolean(),
      responseCode: fc.constantFrom('MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'PERMANENT_REDIRECT'),
    }),
    fc.constantFrom<JsonObject>({}, { httpsRedirect: true }, { schemeRedirect: 'ftp' }),
  )
  .map((parts) => ({ redirect: merged(parts) }));

const direct: Part = fc.constantFrom<JsonObject>(
  { directResponse: { status: 418 } },
  { directResponse: { status: 200, body: { inlineString: 'short and stout' } } },
);

const action: Part = fc.oneof(
  { weight: 4, arbitrary: forward },
  { weight: 2, arbitrary: redirect },
  { weight: 1, arbitrary: direct },
);

const templatedAction: Part = fc
  .tuple(templated, clusterSpecifier, hostRewrite)
  .map(([{ match, rewrite }, cluster, host]) => ({ match, route: { ...cluster, ...host, ...rewrite } }));

const routed: Part = fc.oneof(
  { weight: 7, arbitrary: fc.tuple(fc.record({ match }), action).map((parts) => merged(parts)) },
  { weight: 1, arbitrary: templatedAction },
);

const route: Part = fc.tuple(routed, headerOperations, sometimesFault).map((parts) => merged(parts));

const virtualHost = fc
  .tuple(
    fc.array(route, { minLength: 1, maxLength: 4 }),
    headerOperations,
    sometimesFault,
    fc.option(matchShape, { freq: 3 }),
  )
  .map(([routes, headers, fault, shape]) => ({ routes, shape, rest: merged([headers, fault]) }));

/** One route, or all from it on. */
function routeAction(routes: readonly JsonObject[], number: number): JsonObject {
  const from = routes.slice(number % routes.length);
  return number % 2 === 0
    ? { '@type': `${ROUTE_TYPE}.Route`, ...from[0] }
    : { '@type': `${ROUTE_TYPE}.RouteList`, routes: from };
}

function merged(parts: readonly JsonObject[]): JsonObject {
  return Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
}
