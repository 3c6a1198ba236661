import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import { RBACSchema } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import * as fc from 'fast-check';
import type { AuthorizationPolicyInput, AuthorizationRule } from '../../input/authorization-rules.ts';
import { REDIRECTED } from '../../envoy-validate.test-support.ts';
import { at, BOOKINFO, proxyNode, redirectedNode, resourcesOf, shown } from '../../test-world.ts';
import { addressRange } from './address-range.ts';
import { policyName, rbacRules, type RulesContext } from './rbac-rules.ts';
import { underAllTrustDomains } from './trust-domains.ts';
import { escapeRegex, pathTemplateMatcher, wildcardMatcher } from './wildcard.ts';

const HTTP: RulesContext = {
  http: true,
  ports: undefined,
  authorizers: {},
  trustDomains: ['cluster.local'],
  nameOf: policyName,
};

function policyOf(action: AuthorizationPolicyInput['action'], ...rules: AuthorizationRule[]): AuthorizationPolicyInput {
  return { namespace: 'shop', name: 'p', action, dryRun: false, provider: '', rules };
}

/** The RBAC policies of one AuthorizationPolicy, as JSON. */
function policiesOf(
  action: AuthorizationPolicyInput['action'],
  rule: AuthorizationRule,
  context: Partial<RulesContext> = {},
): JsonObject {
  const rules = rbacRules(action, [policyOf(action, rule)], { ...HTTP, ...context })!;
  return ((toJson(RBACSchema, rules) as JsonObject)['policies'] ?? {}) as JsonObject;
}

const FIRST = 'ns[shop]-policy[p]-rule[0]';
const principalsOf = (rule: AuthorizationRule) => at(policiesOf('ALLOW', rule), `${FIRST}.principals.0.andIds.ids`);
const permissionsOf = (rule: AuthorizationRule, context?: Partial<RulesContext>) =>
  at(policiesOf('ALLOW', rule, context), `${FIRST}.permissions.0.andRules.rules`);

function guard(spec: object, { namespace = 'default', name = 'guard' } = {}): string {
  return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${JSON.stringify(spec)}`;
}

/** Names of the RBAC policies of a listener of productpage-v1. */
async function policiesAt(listener: string, ...yaml: readonly string[]): Promise<readonly string[]> {
  const { LDS } = await resourcesOf(proxyNode('productpage-v1'), ...BOOKINFO, ...yaml);
  const filters = at(shown(LDS, listener), 'filterChains.0.filters.0.typedConfig.httpFilters') as JsonValue[];
  return filters.flatMap((filter) => Object.keys((at(filter, 'typedConfig.rules.policies') ?? {}) as JsonObject));
}

test('what a policy names literally is matched literally', () => {
  const value = fc.string({ maxLength: 8 }).filter((text) => text !== '' && !text.includes('*'));
  fc.assert(
    fc.property(value, (text) => {
      assert.equal(new RegExp(`^${escapeRegex(text)}$`).test(text), true);
      assert.deepEqual(wildcardMatcher(text).matchPattern, { case: 'exact', value: text });
    }),
  );
  const namespaces = principalsOf({ from: [{ source: { namespaces: ['a.b*'] } }] });
  assert.deepEqual(namespaces, [
    { orIds: { ids: [{ authenticated: { principalName: { safeRegex: { regex: String.raw`.*/ns/a\.b.*/.*` } } } }] } },
  ]);
});

test('a service account is of the policy’s namespace unless it says another', () => {
  const regexes = at(principalsOf({ from: [{ source: { serviceAccounts: ['web', 'other/x.y'] } }] }), '0.orIds.ids');
  assert.deepEqual(
    (regexes as JsonValue[]).map((each) => at(each, 'authenticated.principalName.safeRegex.regex')),
    ['spiffe://.+/ns/shop/(.+/|)sa/web(/.+)?', String.raw`spiffe://.+/ns/other/(.+/|)sa/x\.y(/.+)?`],
  );
});

test('paths may be templates, hosts have no case', () => {
  const rule = { to: [{ operation: { hosts: ['*.Shop'], paths: ['/a/{*}/c.d', '/x/{**}'] } }] };
  assert.deepEqual(permissionsOf(rule), [
    { orRules: { rules: [{ header: { name: ':authority', stringMatch: { suffix: '.Shop', ignoreCase: true } } }] } },
    {
      orRules: {
        rules: [
          { urlPath: { path: { safeRegex: { regex: String.raw`/a/[^/]+/c\.d` } } } },
          { urlPath: { path: { safeRegex: { regex: '/x/.*' } } } },
        ],
      },
    },
  ]);
  assert.deepEqual(pathTemplateMatcher('/{**}').matchPattern.case, 'safeRegex');
});

test('where ports stand for others, so they do in rules, and one that is not served stands for none', () => {
  const rule = { to: [{ operation: { ports: ['9080', '1'], notPorts: ['9090'] } }] };
  assert.deepEqual(permissionsOf(rule, { ports: { 9080: 20_011 } }), [
    { orRules: { rules: [{ destinationPort: 20_011 }, { destinationPort: 0 }] } },
    { notRule: { orRules: { rules: [{ destinationPort: 0 }] } } },
  ]);
});

test('claims are looked up by name, alone or in a list', () => {
  const [audience] = principalsOf({ when: [{ key: 'request.auth.claims[a][b]', values: ['x', 'y*'] }] }) as JsonValue[];
  const either = { orMatch: { valueMatchers: [{ stringMatch: { exact: 'x' } }, { stringMatch: { prefix: 'y' } }] } };
  assert.deepEqual(audience, {
    metadata: {
      filter: 'envoy.filters.http.jwt_authn',
      path: [{ key: 'payload' }, { key: 'a' }, { key: 'b' }],
      value: { orMatch: { valueMatchers: [either, { listMatch: { oneOf: either } }] } },
    },
  });
});

test('what cannot be said never lets more in: ALLOW loses the rule, DENY denies more', () => {
  const unknown = { when: [{ key: 'request.nonsense', values: ['x'] }] };
  const ofRequests = { to: [{ operation: { methods: ['GET'], ports: ['80'] } }] };
  const bad = { from: [{ source: { ipBlocks: ['not an address'] } }] };
  for (const rule of [unknown, bad]) assert.deepEqual(policiesOf('ALLOW', rule), {});
  assert.deepEqual(policiesOf('ALLOW', ofRequests, { http: false }), {});
  const anybody = [{ andIds: { ids: [{ any: true }] } }];
  assert.deepEqual(at(policiesOf('DENY', unknown), `${FIRST}.principals`), anybody);
  assert.deepEqual(at(policiesOf('DENY', bad), `${FIRST}.principals`), anybody);
  assert.deepEqual(at(policiesOf('DENY', ofRequests, { http: false }), `${FIRST}.permissions`), [
    { andRules: { rules: [{ orRules: { rules: [{ destinationPort: 80 }] } }] } },
  ]);
});

test('cluster.local in a principal is the mesh’s own trust domain, whatever that is called', () => {
  const domains = ['td1', 'td2'];
  assert.deepEqual(underAllTrustDomains(['cluster.local/ns/a/sa/b'], domains), ['td1/ns/a/sa/b', 'td2/ns/a/sa/b']);
  assert.deepEqual(underAllTrustDomains(['td2/ns/a/sa/b'], domains), ['td1/ns/a/sa/b', 'td2/ns/a/sa/b']);
  const kept = ['other/ns/a/sa/b', '*', '*/ns/a/sa/b', 'td1/ns/a'];
  assert.deepEqual(underAllTrustDomains(kept, domains), kept);
  assert.deepEqual(underAllTrustDomains(['td1/ns/a/sa/b'], []), ['td1/ns/a/sa/b']);
});

test('ranges of addresses', () => {
  const lengths = ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'x', ''];
  assert.deepEqual(
    lengths.map((text) => addressRange(text)?.prefixLen),
    [32, 8, 128, 8, undefined, undefined, undefined, undefined, undefined],
  );
});

test('the policies of a workload: its namespace’s and the root’s, by labels, at inbound listeners', async () => {
  const yaml = [
    guard({ selector: { matchLabels: { app: 'productpage' } } }, { name: 'own' }),
    guard({ action: 'DENY', rules: [{}] }, { namespace: 'istio-system', name: 'root' }),
    guard({ selector: { matchLabels: { app: 'reviews' } } }, { name: 'other' }),
    guard({}, { namespace: 'elsewhere', name: 'elsewhere' }),
    guard({ targetRefs: [{ kind: 'Service', name: 'productpage' }] }, { name: 'attached' }),
  ];
  assert.deepEqual(await policiesAt('inbound|9080||', ...yaml), [
    'ns[istio-system]-policy[root]-rule[0]',
    'ns[default]-policy[own]-rule[0]',
  ]);
  assert.deepEqual(await policiesAt('outbound|9080||reviews.default.svc.cluster.local', ...yaml), []);
  assert.deepEqual(await policiesAt('inbound|9080||'), []);
});

test('every way into a pod or a gateway is asked, whatever protocol it speaks; ways out are not', async () => {
  const root = guard({ action: 'DENY', rules: [{}] }, { namespace: 'istio-system' });
  for (const [node, inward] of [
    [redirectedNode('permissive'), 'INBOUND'],
    [redirectedNode('strict'), 'INBOUND'],
    [redirectedNode('gateway', 'istio-system', 'router'), 'OUTBOUND'],
  ] as const) {
    const { LDS } = await resourcesOf(node, ...REDIRECTED, root);
    const listeners = [...LDS.keys()].map((name) => shown(LDS, name));
    const kinds = Object.groupBy(listeners, (each) => (each['trafficDirection'] === inward ? 'inward' : 'outward'));
    const asked = (kinds.inward ?? []).flatMap(chainsOf).map(firstFilter);
    assert.ok(asked.length > 0, node.workload);
    assert.deepEqual([...new Set(asked.map((name) => name.endsWith('.rbac')))], [true], asked.join());
    assert.equal((kinds.outward ?? []).flatMap(chainsOf).map(firstFilter).join().includes('.rbac'), false);
  }
});

function chainsOf(listener: JsonObject): JsonValue[] {
  const byDefault = listener['defaultFilterChain'];
  return [...((listener['filterChains'] ?? []) as JsonValue[]), ...(byDefault ? [byDefault] : [])];
}

/** Of a connection manager its first HTTP filter. */
function firstFilter(chain: JsonValue): string {
  return (at(chain, 'filters.0.typedConfig.httpFilters.0.name') ?? at(chain, 'filters.0.name')) as string;
}
