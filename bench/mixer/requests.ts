// The requests and the policy that are measured: ten attributes are read, five of the request and five labels.
import { MANIFEST_1_0_3, type Value, Vocabulary } from '@meltemi/policy';

export const VOCABULARY = new Vocabulary(MANIFEST_1_0_3);

const LABELS = { a: '1', b: '2', c: '3', d: '4', e: '5' };

/** Lets every request through. `host`: what requests ask for. */
export const RULE = (host: string) =>
  [
    'request.method == "GET"',
    'request.scheme == "http"',
    `request.host == ${JSON.stringify(host)}`,
    'context.protocol == "http"',
    'destination.service == "reviews.default.svc.cluster.local"',
    ...['a', 'b', 'c', 'd'].map((label, index) => `destination.labels["${label}"] == "${index + 1}"`),
    'destination.labels["e"] == "x"',
  ].join(' && ');

export const POLICY = `
apiVersion: config.istio.io/v1alpha2
kind: denier
metadata: {name: no, namespace: istio-system}
spec: {status: {code: 7}}
---
apiVersion: config.istio.io/v1alpha2
kind: checknothing
metadata: {name: all, namespace: istio-system}
spec: {}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: deny, namespace: istio-system}
spec: {match: '${RULE('shop')}', actions: [{handler: no.denier, instances: [all.checknothing]}]}
---
apiVersion: config.istio.io/v1alpha2
kind: prometheus
metadata: {name: count, namespace: istio-system}
spec:
  metrics: [{name: requests_total, instanceName: requestcount.metric.istio-system, kind: COUNTER, labelNames: [code, to]}]
---
apiVersion: config.istio.io/v1alpha2
kind: metric
metadata: {name: requestcount, namespace: istio-system}
spec: {value: '1', dimensions: {code: response.code | 200, to: destination.service | "unknown"}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: metrics, namespace: istio-system}
spec: {actions: [{handler: count.prometheus, instances: [requestcount.metric]}]}
`;

/** Of the workload that requests come to. */
export const DESTINATION = { service: 'reviews.default.svc.cluster.local', labels: LABELS };

export function attributesOf(index: number): ReadonlyMap<string, Value> {
  return new Map<string, Value>([
    ['request.method', 'GET'],
    ['request.scheme', 'http'],
    ['request.host', 'shop'],
    ['request.path', `/reviews/${index}`],
    ['request.size', BigInt(index)],
    [
      'request.headers',
      new Map([
        [':path', `/reviews/${index}`],
        ['user-agent', 'bench'],
        ['x-request-id', `id-${index}`],
      ]),
    ],
    ['context.protocol', 'http'],
    ['destination.service', DESTINATION.service],
    ['destination.labels', new Map(Object.entries(LABELS))],
    ['source.ip', Uint8Array.of(10, 0, 0, index % 256)],
    ['response.code', index % 10 === 0 ? 503n : 200n],
  ]);
}
