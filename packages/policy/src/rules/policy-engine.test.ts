// Policies as users write them, from YAML to answers.
import assert from 'node:assert/strict';
import test from 'node:test';

import { bag, world } from './policy-world.fixture.ts';

const DENY = `
apiVersion: config.istio.io/v1alpha2
kind: denier
metadata: {name: denyreviewsv3handler, namespace: default}
spec: {status: {code: 7, message: Not allowed}}
---
apiVersion: config.istio.io/v1alpha2
kind: checknothing
metadata: {name: denyreviewsv3request, namespace: default}
spec:
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: denyreviewsv3, namespace: default}
spec:
  match: destination.labels["app"] == "ratings" && source.labels["app"]=="reviews" && source.labels["version"] == "v3"
  actions:
  - handler: denyreviewsv3handler.denier
    instances: [denyreviewsv3request.checknothing]
`;

const RATINGS = {
  'destination.service': 'ratings.default.svc.cluster.local',
  'destination.labels': new Map([['app', 'ratings']]),
};

test('a denier refuses what its rule matches, and says by which attributes', () => {
  const { engine, policy } = world(DENY);
  assert.deepEqual(policy.problems, []);
  const labels = new Map([
    ['app', 'reviews'],
    ['version', 'v3'],
  ]);
  const { references, ...verdict } = engine.check(bag({ ...RATINGS, 'source.labels': labels }));
  assert.deepEqual(verdict, {
    status: { code: 7, message: 'denyreviewsv3handler.denier.default:Not allowed' },
    validDurationMs: 5000,
    validUseCount: 1000,
  });
  assert.deepEqual(
    references.map(({ name, mapKey, condition }) => [name, mapKey, condition]),
    [
      ['destination.labels', 'app', 'EXACT'],
      ['destination.namespace', undefined, 'ABSENCE'],
      ['destination.service', undefined, 'EXACT'],
      ['destination.service.host', undefined, 'ABSENCE'],
      ['source.labels', 'app', 'EXACT'],
      ['source.labels', 'version', 'EXACT'],
      ['target.service', undefined, 'ABSENCE'],
    ],
  );
});

test('a rule whose expression fails does not match, and the log says why', () => {
  const { engine, log } = world(DENY);
  assert.equal(engine.check(bag(RATINGS)).status.code, 0);
  assert.match(log.join(''), /rule default\/denyreviewsv3 does not match: lookup failed: 'source.labels'/);
});

test('rules of a namespace are for its services only', () => {
  const { engine } = world(DENY.replaceAll(/ match: .*/g, ''));
  assert.equal(engine.check(bag(RATINGS)).status.code, 7);
  assert.equal(engine.check(bag({ 'destination.service': 'ratings.other.svc.cluster.local' })).status.code, 0);
});

test('log entries are written as lines, in the form of 1.0 as well', () => {
  const { engine, lines, policy } = world(`
apiVersion: config.istio.io/v1alpha2
kind: handler
metadata: {name: out, namespace: istio-system}
spec: {compiledAdapter: stdio, params: {severity_levels: {warning: WARNING}}}
---
apiVersion: config.istio.io/v1alpha2
kind: instance
metadata: {name: access, namespace: istio-system}
spec:
  compiledTemplate: logentry
  params: {severity: '"warning"', timestamp: request.time, variables: {size: request.size | 0, source: 'source.ip | ip("0.0.0.0")'}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: log, namespace: istio-system}
spec: {match: 'true', actions: [{handler: out, instances: [access]}]}
`);
  assert.deepEqual(policy.problems, []);
  engine.report(bag({ 'request.time': { kind: 'timestamp', nanoseconds: 0n }, 'request.size': 7n }));
  engine.report(bag({}));
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      {
        level: 'warning',
        time: '1970-01-01T00:00:00Z',
        instance: 'access.instance.istio-system',
        size: 7,
        source: '0.0.0.0',
      },
    ],
  );
});

test('what is wrong is said with its place, and the rest stays', () => {
  const { policy } = world(`${DENY}---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: bad, namespace: default}
spec:
  match: source.nme == "a"
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: lost, namespace: default}
spec:
  actions: [{handler: none.denier, instances: []}]
`);
  assert.deepEqual(
    policy.problems.map(({ message, source }) => `${source?.line}: ${message}`),
    [
      '25: spec.match 1:1: unknown attribute source.nme',
      '31: spec.actions[0].handler names no handler that is there: "none.denier"',
    ],
  );
  assert.deepEqual(
    policy.rules.map(({ name }) => name),
    ['denyreviewsv3', 'lost'],
  );
});
