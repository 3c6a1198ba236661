// 0.7 answers alike, whether rules are written in the old kinds or in the new.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from '../test-world.ts';
import type { Release } from './release.ts';
import { v1App } from './v1-app.ts';
import { DEFAULT_V1_MESH } from './v1-mesh.ts';

const WORLD = `apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {selector: {app: reviews}, clusterIP: 10.1.0.1, ports: [{name: http, port: 9080}]}`;

const OLD = `apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: test}
spec:
  destination: {name: reviews}
  precedence: 2
  match: {request: {headers: {cookie: {regex: 'user=a'}, uri: {prefix: /old}}}}
  route: [{labels: {version: v2}}]
  rewrite: {uri: /new}
  httpFault: {delay: {percent: 50, fixedDelay: 2s}, abort: {percent: 10, httpStatus: 503}}
---
apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: default}
spec:
  destination: {name: reviews}
  precedence: 1
  route: [{labels: {version: v1}, weight: 75}, {labels: {version: v2}, weight: 25}]
  httpReqTimeout: {simpleTimeout: {timeout: 3s}}
  httpReqRetries: {simpleRetry: {attempts: 2, perTryTimeout: 1s}}
---
apiVersion: config.istio.io/v1alpha2
kind: DestinationPolicy
metadata: {name: v1}
spec:
  destination: {name: reviews, labels: {version: v1}}
  loadBalancing: {name: RANDOM}
  circuitBreaker: {simpleCb: {maxConnections: 10, httpConsecutiveErrors: 3, sleepWindow: 15s}}`;

const NEW = `apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match: [{uri: {prefix: /old}, headers: {cookie: {regex: 'user=a'}}}]
    route: [{destination: {host: reviews, subset: v2}}]
    rewrite: {uri: /new}
    fault: {delay: {percent: 50, fixedDelay: 2s}, abort: {percent: 10, httpStatus: 503}}
  - route:
    - {destination: {host: reviews, subset: v1}, weight: 75}
    - {destination: {host: reviews, subset: v2}, weight: 25}
    timeout: 3s
    retries: {attempts: 2, perTryTimeout: 1s}
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets:
  - name: v1
    labels: {version: v1}
    trafficPolicy:
      loadBalancer: {simple: RANDOM}
      connectionPool: {tcp: {maxConnections: 10}}
      outlierDetection: {consecutiveErrors: 3, baseEjectionTime: 15s}
  - {name: v2, labels: {version: v2}}`;

const NODE = 'istio-proxy/sidecar~10.0.0.9~a.default~default.svc.cluster.local';
const PATHS = [`/v1/routes/9080/${NODE}`, `/v1/clusters/${NODE}`, `/v1/listeners/${NODE}`];

async function answers(release: Release, rules: string): Promise<readonly string[]> {
  const snapshot = await snapshotOf(WORLD, rules);
  const app = v1App(() => snapshot, { release, mesh: DEFAULT_V1_MESH });
  return Promise.all(PATHS.map(async (path) => (await app.request(path)).text()));
}

test('a VirtualService says what the RouteRules say', async () => {
  const [routes, clusters, listeners] = await answers('0.7', NEW);
  assert.deepEqual([routes, clusters, listeners], await answers('0.7', OLD));
  assert.match(routes!, /"prefix_rewrite": "\/new"/);
  assert.match(clusters!, /"lb_type": "random"/);
  assert.match(listeners!, /"abort_percent": 10/);
});

test('0.2 does not read them', async () => {
  assert.deepEqual(await answers('0.2', NEW), await answers('0.2', ''));
});
