// Random rules of Istio 0.2 for a small mesh: RouteRules, DestinationPolicies and EgressRules.
import fc from 'fast-check';

import { defined, maybe, rarely } from './optional-fields.ts';

export interface OldRule {
  readonly kind: 'RouteRule' | 'DestinationPolicy' | 'EgressRule';
  readonly name: string;
  readonly namespace: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

const service = fc.oneof(
  fc.constantFrom('reviews', 'ratings').map((name) => ({ name })),
  fc.constantFrom('reviews', 'ratings').map((name) => ({ name, namespace: 'default' })),
  fc.constant({ service: 'reviews.default.svc.cluster.local' }),
);
const labels = fc.constantFrom({ version: 'v1' }, { version: 'v2' }, { version: 'v1', tier: 'x' });
const text = fc.oneof(
  fc.constantFrom('a', 'b').map((exact) => ({ exact })),
  fc.constantFrom('/a', '/').map((prefix) => ({ prefix })),
  fc.constantFrom('a.*', '/[ab]').map((regex) => ({ regex })),
);
const headers = fc.dictionary(fc.constantFrom('x-a', 'cookie', 'uri', 'method'), text, { maxKeys: 2 });
const source = fc.constantFrom({ name: 'productpage' }, { name: 'ratings' }, { labels: { version: 'v1' } });
const match = fc.record({ source: rarely(source), request: maybe(headers.map((all) => ({ headers: all }))) });
const route = fc.oneof(
  labels.map((one) => [{ labels: one }]),
  fc
    .tuple(labels, fc.integer({ min: 0, max: 100 }))
    .map(([one, weight]) => [{ labels: one, weight }, { weight: 100 - weight }]),
  fc.constant([{ destination: { name: 'ratings' }, weight: 100 }]),
);
const target = fc.oneof(
  fc.record({ route: maybe(route), rewrite: rarely(fc.constant({ uri: '/new' })) }),
  fc.record({ route: maybe(route), rewrite: rarely(fc.constant({ authority: 'new.example' })) }),
  fc.constant({ redirect: { uri: '/moved' } }),
);
const routeRule = fc
  .record({
    destination: service,
    precedence: maybe(fc.integer({ min: -1, max: 3 })),
    match: maybe(match),
    target,
    httpReqTimeout: rarely(fc.constant({ simpleTimeout: { timeout: '1500ms' } })),
    httpReqRetries: rarely(fc.constant({ simpleRetry: { attempts: 3, perTryTimeout: '2s' } })),
    httpFault: rarely(
      fc.constantFrom(
        { delay: { percent: 50, fixedDelay: '5s' } },
        { abort: { percent: 10, httpStatus: 503 } },
        { abort: { httpStatus: 503 } },
      ),
    ),
    mirror: rarely(fc.constant({ name: 'ratings' })),
    appendHeaders: rarely(fc.constant({ 'x-added': '1' })),
    websocketUpgrade: rarely(fc.boolean()),
  })
  .map(({ target: goes, httpFault, ...rest }) => ({ ...rest, ...goes, ...(!('redirect' in goes) && { httpFault }) }));
const breaker = fc.record({
  maxConnections: maybe(fc.integer({ min: 1, max: 10 })),
  httpMaxPendingRequests: maybe(fc.integer({ min: 1, max: 10 })),
  httpConsecutiveErrors: maybe(fc.integer({ min: 1, max: 10 })),
  sleepWindow: maybe(fc.constant('30s')),
  httpMaxEjectionPercent: rarely(fc.constant(50)),
});
const destinationPolicy = fc.record({
  destination: fc.tuple(service, maybe(labels)).map(([of, only]) => ({ ...of, ...(only && { labels: only }) })),
  loadBalancing: maybe(fc.constantFrom('ROUND_ROBIN', 'LEAST_CONN', 'RANDOM').map((name) => ({ name }))),
  circuitBreaker: maybe(breaker.map((simpleCb) => ({ simpleCb }))),
});
const egressRule = fc.record({
  destination: fc
    .constantFrom('a.example', '*.wild.example', '10.9.0.0/16', '10.8.0.1')
    .map((name) => ({ service: name })),
  ports: fc.constantFrom(
    [{ port: 80, protocol: 'http' }],
    [
      { port: 443, protocol: 'https' },
      { port: 80, protocol: 'HTTP' },
    ],
    [{ port: 27_017, protocol: 'tcp' }],
  ),
});

const rule = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('RouteRule' as const), spec: routeRule }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('DestinationPolicy' as const), spec: destinationPolicy }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('EgressRule' as const), spec: egressRule }) },
);

/** Names are in an order that has nothing to do with precedence. */
export const randomOldRules: fc.Arbitrary<readonly OldRule[]> = fc
  .array(rule, { minLength: 1, maxLength: 8 })
  .map((rules) =>
    rules.map(({ kind, spec }, index) => ({
      kind,
      name: `rule-${(index * 5) % 8}`,
      namespace: 'default',
      spec: defined(spec) as OldRule['spec'],
    })),
  );

/** As 0.2 wrote it, or in 0.1's own form. */
export function writtenRule({ kind, name, namespace, spec }: OldRule, form: '0.1' | '0.2'): string {
  if (form === '0.2') {
    return JSON.stringify({ apiVersion: 'config.istio.io/v1alpha2', kind, metadata: { name, namespace }, spec });
  }
  const type = kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return JSON.stringify({ type, name, namespace, spec });
}
