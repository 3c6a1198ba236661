// Which listeners read tokens and ask who may call: those of gateways and of sidecars' own applications.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { FragmentCache } from '../fragment-cache.ts';
import { SnapshotResources } from '../compile.ts';
import { UNUSABLE_KEY_SET } from '../key-sets/unusable-key-set.ts';
import { parseProxyNode } from '../proxy-node.ts';
import { at, BOOKINFO, policy, proxyNode, resourcesOf, rule, shown, snapshotOf } from '../test-world.ts';

const JWT = 'envoy.filters.http.jwt_authn';
const KEYS = JSON.stringify({ keys: [{ kty: 'oct', k: 'a2V5' }] });
const GATEWAY = rule('Gateway', 'web', {
  selector: { istio: 'ingressgateway' },
  servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
});
const tokens = (spec: object, namespace = 'default') =>
  policy('RequestAuthentication', 'tokens', { jwtRules: [{ issuer: 'a', jwks: KEYS }], ...spec }, namespace);

/** HTTP filters of a listener's first chain. */
function filtersOf(listener: JsonObject): readonly JsonObject[] {
  return at(listener, 'filterChains.0.filters.0.typedConfig.httpFilters') as readonly JsonObject[];
}

const names = (listener: JsonObject) => filtersOf(listener).map(({ name }) => name as string);

/** What the filter for tokens is told, at productpage's own port. */
async function tokenFilter(...yaml: readonly string[]): Promise<JsonValue | undefined> {
  const { LDS } = await resourcesOf(proxyNode('productpage-v1'), ...BOOKINFO, ...yaml);
  return filtersOf(shown(LDS, 'inbound|9080||')).find(({ name }) => name === JWT)?.['typedConfig'];
}

test('tokens are read where the application is called, not where it calls', async () => {
  const { LDS } = await resourcesOf(proxyNode('productpage-v1'), ...BOOKINFO, tokens({}));
  assert.ok(names(shown(LDS, 'inbound|9080||')).includes(JWT));
  assert.ok(!names(shown(LDS, 'http_proxy')).includes(JWT));
});

test('a selector and the root namespace say whose tokens; the order of rules changes nothing', async () => {
  assert.equal(await tokenFilter(tokens({ selector: { matchLabels: { app: 'reviews' } } })), undefined);
  assert.equal(await tokenFilter(tokens({}, 'elsewhere')), undefined);
  assert.ok(await tokenFilter(tokens({}, 'istio-system')));
  const rules = ['b', 'a'].map((issuer) => ({ issuer, jwks: KEYS }));
  const one = await tokenFilter(tokens({ jwtRules: rules }));
  assert.deepEqual(await tokenFilter(tokens({ jwtRules: rules.toReversed() })), one);
  assert.equal(at(one, 'providers.origins-0.issuer'), 'a');
});

test('one issuer asks for its token or none; of several any is enough', async () => {
  const requirement = async (issuers: readonly string[]) =>
    at(await tokenFilter(tokens({ jwtRules: issuers.map((issuer) => ({ issuer, jwks: KEYS })) })), 'rules.0.requires');
  const each = (number: number) => ({
    requiresAny: { requirements: [{ providerName: `origins-${number}` }, { allowMissing: {} }] },
  });
  assert.deepEqual(await requirement(['a']), each(0));
  const both = { requiresAll: { requirements: [each(0), each(1)] } };
  const tokensOfAny = [{ providerName: 'origins-0' }, { providerName: 'origins-1' }];
  assert.deepEqual(await requirement(['a', 'b']), { requiresAny: { requirements: [...tokensOfAny, both] } });
});

test('keys that were fetched are told; those that were not, or say nothing, let nobody in', async () => {
  const keysOf = async (jwtRule: object, keySets = new Map<string, string>()) => {
    const snapshot = { ...(await snapshotOf(...BOOKINFO, tokens({ jwtRules: [jwtRule] }))), keySets };
    const { LDS } = new SnapshotResources(snapshot, new FragmentCache()).resourcesOf(proxyNode('productpage-v1'));
    const filter = filtersOf(shown(LDS, 'inbound|9080||')).find(({ name }) => name === JWT);
    return at(filter, 'typedConfig.providers.origins-0.localJwks.inlineString');
  };
  const byUri = { issuer: 'a', jwksUri: 'https://a/keys' };
  assert.equal(await keysOf(byUri), UNUSABLE_KEY_SET);
  assert.equal(await keysOf(byUri, new Map([['uri https://a/keys', KEYS]])), KEYS);
  assert.equal(await keysOf({ issuer: 'https://a' }, new Map([['issuer https://a', KEYS]])), KEYS);
  assert.equal(await keysOf({ issuer: 'a', jwks: '{"keys":[]}' }), UNUSABLE_KEY_SET);
  assert.equal(await keysOf({ issuer: 'a', jwks: '{"keys":[{"kty":"EC"}]}' }), UNUSABLE_KEY_SET);
});

test('a gateway reads tokens before it asks who may, and chooses routes anew', async () => {
  const deny = policy('AuthorizationPolicy', 'deny', { action: 'DENY', rules: [{}] }, 'istio-system');
  const gateway = proxyNode('gateway-1', 'istio-system', 'router');
  const { LDS } = await resourcesOf(gateway, ...BOOKINFO, GATEWAY, tokens({}, 'istio-system'), deny);
  const listener = shown(LDS, [...LDS.keys()][0]!);
  const order = names(listener).filter((name) => /jwt_authn|rbac/.test(name));
  assert.deepEqual(order, [JWT, 'envoy.filters.http.rbac']);
  const filter = filtersOf(listener).find(({ name }) => name === JWT);
  assert.equal(at(filter, 'typedConfig.providers.origins-0.clearRouteCache'), true);
});

test('a policy that is attached to a Gateway is for who stands for it alone', async () => {
  const attached = (name: string) =>
    tokens({ targetRefs: [{ kind: 'Gateway', group: 'gateway.networking.k8s.io', name }] }, 'istio-system');
  const id = 'router~10.0.0.9~web-1.istio-system~istio-system.svc.cluster.local';
  const labels = { istio: 'ingressgateway', 'gateway.networking.k8s.io/gateway-name': 'web' };
  const node = parseProxyNode(create(NodeSchema, { id, metadata: { LABELS: labels } }))!;
  const reads = async (name: string) => {
    const { LDS } = await resourcesOf(node, ...BOOKINFO, GATEWAY, attached(name));
    const listeners = [...LDS.keys()].map((listener) => shown(LDS, listener));
    assert.ok(listeners.length > 0);
    return listeners.every((listener) => names(listener).includes(JWT));
  };
  assert.equal(await reads('web'), true);
  assert.equal(await reads('other'), false);
  assert.equal(await tokenFilter(attached('web')), undefined);
});
