// Lists as users write them, from YAML to answers.
import assert from 'node:assert/strict';
import test from 'node:test';

import type { PolicyEngine } from './policy-engine.ts';
import { bag, world } from './policy-world.fixture.ts';

function list(spec: string): PolicyEngine {
  const { engine, policy } = world(`
apiVersion: config.istio.io/v1alpha2
kind: listchecker
metadata: {name: names, namespace: istio-system}
spec: ${spec}
---
apiVersion: config.istio.io/v1alpha2
kind: listentry
metadata: {name: name, namespace: istio-system}
spec: {value: 'source.name | "none"'}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: check, namespace: istio-system}
spec: {actions: [{handler: names.listchecker, instances: [name.listentry]}]}
`);
  assert.deepEqual(policy.problems, []);
  return engine;
}

function codeFor(engine: PolicyEngine, name: string): number {
  return engine.check(bag({ 'source.name': name })).status.code;
}

test('lists hold texts, texts in any case, addresses and expressions', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['{overrides: [v1, v2]}', 'v1', 0],
    ['{overrides: [v1, v2]}', 'V1', 5],
    ['{overrides: [v1, v2], blacklist: true}', 'v1', 7],
    ['{overrides: [v1, v2], blacklist: true}', 'v3', 0],
    ['{overrides: [v1], entryType: CASE_INSENSITIVE_STRINGS}', 'V1', 0],
    ['{overrides: [10.0.0.0/9, "2001:db8::/33"], entryType: IP_ADDRESSES}', '10.127.0.1', 0],
    ['{overrides: [10.0.0.0/9, "2001:db8::/33"], entryType: IP_ADDRESSES}', '10.128.0.1', 5],
    ['{overrides: [10.0.0.0/9, "2001:db8::/33"], entryType: IP_ADDRESSES}', '2001:db8:7fff::1', 0],
    ['{overrides: [10.0.0.0/9], entryType: IP_ADDRESSES}', 'x', 3],
    ['{overrides: ["^v[12]$"], entryType: REGEX}', 'v2', 0],
    ['{overrides: ["^v[12]$"], entryType: REGEX}', 'v22', 5],
  ];
  for (const [spec, name, code] of cases) assert.equal(codeFor(list(spec), name), code, `${spec} ${name}`);
});
