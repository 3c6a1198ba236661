// Random VirtualServices over the hosts of the compared platform: an arbitrary of their specs.
import * as fc from 'fast-check';
import { defined, fields, maybe, rarely } from './optional-fields.ts';

/** Short names, whole names, names that no service has, and wildcards. */
export const HOSTS = [
  'web',
  'api',
  'web.beta.svc.cluster.local',
  'web.alpha.svc.cluster.local',
  'queue.beta.svc.cluster.local',
  'db.alpha.svc.cluster.local',
  'headless.beta.svc.cluster.local',
  'entry.example',
  'dns.example',
  'nobody.example',
  '*.wild.example',
] as const;
const PORTS = [80, 8080, 9090, 9000, 5432, 27_017, 443] as const;
export const SUBSETS = ['v1', 'v2', 'v9'] as const;

export const host = fc.constantFrom(...HOSTS);
const word = fc.constantFrom('a', 'b', 'x/y');
const textMatch = fc.oneof(
  word.map((exact) => ({ exact })),
  word.map((prefix) => ({ prefix })),
  fc.constantFrom('a.*', '[bc]+').map((regex) => ({ regex })),
);
const uriMatch = fc.oneof(
  fc.constantFrom('/', '/a', '/a/').map((prefix) => ({ prefix })),
  fc.constantFrom('/', '/b').map((exact) => ({ exact })),
  fc.constantFrom('/c/.*').map((regex) => ({ regex })),
);
const headers = fc.dictionary(fc.constantFrom('x-a', 'X-B', 'cookie'), textMatch, { maxKeys: 2 });
const gateways = fc.constantFrom(['mesh'], ['rule-gateway'], ['mesh', 'rule-gateway']);

const httpMatch = fields({
  uri: maybe(uriMatch),
  ignoreUriCase: rarely(fc.boolean()),
  method: rarely(fc.constant({ exact: 'GET' })),
  scheme: rarely(fc.constant({ exact: 'https' })),
  authority: rarely(fc.constantFrom({ prefix: 'web' }, { exact: 'web:80' })),
  headers: rarely(headers),
  withoutHeaders: rarely(headers),
  queryParams: rarely(fc.dictionary(fc.constantFrom('q', 'r'), textMatch, { minKeys: 1, maxKeys: 2 })),
  port: rarely(fc.constantFrom(80, 8080)),
  sourceLabels: rarely(fc.constantFrom({ app: 'web' }, { app: 'client' })),
  sourceNamespace: rarely(fc.constantFrom('alpha', 'gamma')),
  name: rarely(fc.constant('named')),
});

/** A port is named: where a service has one port only, istiod takes another's that the request came to. */
const destination = fields({
  host,
  subset: rarely(fc.constantFrom(...SUBSETS)),
  port: fc.constantFrom(...PORTS).map((number) => ({ number })),
});
const operations = fields({
  set: maybe(fc.dictionary(fc.constantFrom('x-s', 'x-r'), fc.constantFrom('1', 'other'), { maxKeys: 1 })),
  add: maybe(fc.dictionary(fc.constantFrom('x-t', 'x-u'), fc.constant('2'), { maxKeys: 2 })),
  remove: maybe(fc.subarray(['x-v', 'x-w'])),
});
const headerOperations = fields({ request: maybe(operations), response: maybe(operations) });
const duration = fc.constantFrom('1s', '2.5s', '100ms');
const percentage = fc.constantFrom(0, 0.1, 12.5, 50, 100).map((value) => ({ value }));

/** One without weights, or several whose weights may be nothing. */
const weighted = (extra: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof(
    fields({ destination, ...extra }).map((only) => [only]),
    fc
      .array(fields({ destination, weight: fc.constantFrom(0, 10, 50, 100), ...extra }), {
        minLength: 2,
        maxLength: 3,
      })
      .filter((all) => all.some(({ weight }) => weight !== 0)),
  );

const fault = fields({
  delay: maybe(fc.record({ fixedDelay: fc.constantFrom('1s', '7s'), percentage })),
  abort: maybe(fc.record({ httpStatus: fc.constantFrom(400, 503), percentage })),
}).filter((each) => Object.keys(each).length > 0);
const cors = fields({
  allowOrigins: maybe(fc.array(textMatch, { minLength: 1, maxLength: 2 })),
  allowMethods: maybe(fc.constant(['GET', 'POST'])),
  allowHeaders: maybe(fc.constant(['x-a'])),
  exposeHeaders: rarely(fc.constant(['x-b'])),
  maxAge: maybe(fc.constantFrom('1s', '24h')),
  allowCredentials: maybe(fc.boolean()),
});
const retries = fc.oneof(
  fc.constant({ attempts: 0 }),
  fields({
    attempts: fc.constantFrom(1, 3),
    perTryTimeout: maybe(fc.constantFrom('1s', '200ms')),
    retryOn: maybe(fc.constantFrom('5xx', 'gateway-error,503', 'connect-failure', '503')),
    retryIgnorePreviousHosts: rarely(fc.boolean()),
    retryRemoteLocalities: rarely(fc.boolean()),
    backoff: rarely(fc.constantFrom('1s', '250ms')),
  }),
);

/** One mirror in the older field, or several in the newer. */
const mirrored = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  { arbitrary: fields({ mirror: destination, mirrorPercentage: maybe(percentage) }), weight: 1 },
  {
    arbitrary: fc
      .array(fields({ destination, percentage: maybe(percentage) }), { minLength: 1, maxLength: 2 })
      .map((mirrors) => ({ mirrors })),
    weight: 1,
  },
);
const forward = fields({
  route: weighted({ headers: rarely(headerOperations) }),
  rewrite: rarely(
    fc.constantFrom({ uri: '/' }, { uri: '/z' }, { authority: 'other' }, { uri: '/z', authority: 'other' }),
  ),
  timeout: maybe(duration),
  retries: maybe(retries),
  fault: rarely(fault),
  corsPolicy: rarely(cors),
  mirrored,
}).map(({ mirrored: copies, ...rest }) => ({ ...rest, ...(copies as object) }));
const redirect = fc.record({
  redirect: fields({
    uri: maybe(fc.constant('/r')),
    authority: maybe(fc.constant('elsewhere.example')),
    scheme: maybe(fc.constant('https')),
    port: rarely(fc.constant(8443)),
    redirectCode: maybe(fc.constantFrom(302, 307)),
  }).filter(({ uri, authority }) => uri !== undefined || authority !== undefined),
});
const direct = fc.record({
  directResponse: fields({ status: fc.constantFrom(200, 418), body: maybe(fc.constant({ string: 'short' })) }),
});
const matches = maybe(
  fc.array(
    httpMatch.filter((match) => Object.keys(match).some((key) => key !== 'name')),
    { minLength: 1, maxLength: 2 },
  ),
);
const acting = [
  { arbitrary: forward, weight: 6 },
  { arbitrary: redirect, weight: 1 },
  { arbitrary: direct, weight: 1 },
] as const;
/** To a rule without hosts, of its own namespace or of one that says it. */
const delegating = fc
  .constantFrom({ name: 'leaf' }, { name: 'leaf', namespace: 'alpha' })
  .map((delegate) => ({ delegate }));

const routeOf = (action: fc.Arbitrary<object>) =>
  fc
    .record({
      name: maybe(fc.constantFrom('first', 'second')),
      match: matches,
      headers: rarely(headerOperations),
      action,
    })
    .map(({ action: does, ...rest }) => defined({ ...rest, ...does }));
const httpRoute = routeOf(fc.oneof(...acting, { arbitrary: delegating, weight: 1 }));

const l4Match = {
  port: maybe(fc.constantFrom(...PORTS)),
  sourceLabels: rarely(fc.constant({ app: 'web' })),
  destinationSubnets: rarely(fc.constant(['10.96.1.0/30'])),
};
const tcpRoute = fields({
  match: maybe(
    fc.array(
      fields(l4Match).filter((match) => Object.keys(match).length > 0),
      { minLength: 1, maxLength: 2 },
    ),
  ),
  route: weighted({}),
});

/** Only the last may take everything. */
function reachable(routes: readonly Record<string, unknown>[] | undefined) {
  return routes?.filter(({ match }, index) => match !== undefined || index === routes.length - 1);
}

/** A rule that others lead to. */
export const delegate = fields({
  exportTo: rarely(fc.constantFrom(['.'], ['*'], ['alpha', 'gamma'])),
  http: fc.array(routeOf(fc.oneof(...acting)), { minLength: 1, maxLength: 3 }),
});

export const virtualService = fc
  .record({
    hosts: fc.uniqueArray(host, { minLength: 1, maxLength: 2 }),
    gateways: rarely(gateways),
    exportTo: rarely(fc.constantFrom(['.'], ['*'], ['alpha', 'gamma'])),
    http: maybe(fc.array(httpRoute, { minLength: 1, maxLength: 4 })),
    tcp: rarely(fc.array(tcpRoute, { minLength: 1, maxLength: 2 })),
    tls: rarely(
      fc.uniqueArray(
        host.filter((each) => each.includes('.')),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    tlsRoute: weighted({}),
  })
  .map(({ tls, tlsRoute, http, tcp, ...rest }) => {
    // A name in a hello has to be among the hosts.
    const names = rest.hosts.filter((each) => each.includes('.') && tls !== undefined);
    const routes = names.length > 0 ? [{ match: [{ sniHosts: names }], route: tlsRoute }] : undefined;
    return defined({ ...rest, http: reachable(http), tcp: reachable(tcp), tls: routes });
  })
  .filter((spec) => ['http', 'tcp', 'tls'].some((kind) => kind in spec));
