import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { RBACSchema } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { RBACSchema as HttpRbacSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { RBACSchema as NetworkRbacSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { get } from '../fixture.ts';
import { compileHttpAccess, compileNetworkAccess, denialDetails } from './access-filter.ts';
import type { AccessConnection, AccessRequest } from './access-request.ts';
import { AccessRules } from './access-rules.ts';

const ANY: object = { any: true };
const CALLER = 'spiffe://cluster.local/ns/default/sa/productpage';

function rulesOf(rules: object): AccessRules {
  return new AccessRules(fromJson(RBACSchema, rules as JsonValue), 'request');
}

function onePolicy(action: string, permission: object, principal: object = ANY): AccessRules {
  return rulesOf({ action, policies: { p: { permissions: [permission], principals: [principal] } } });
}

const CONNECTION: AccessConnection = {
  local: { host: '10.0.0.1', port: 9080 },
  remote: { host: '10.0.0.2', port: 40_000 },
  serverName: undefined,
  peer: { uris: [CALLER], dns: [], subject: '' },
};

function call(path: string, headers: Record<string, string | readonly string[]> = {}): AccessRequest {
  return { connection: CONNECTION, request: get(path, headers) };
}

test('the first policy by name is the one that matched', () => {
  const everyone = { permissions: [ANY], principals: [ANY] };
  assert.deepEqual(rulesOf({ policies: { b: everyone, a: everyone } }).judge(call('/')), {
    allowed: true,
    policy: 'a',
  });
  assert.deepEqual(rulesOf({ policies: {} }).judge(call('/')), { allowed: false, policy: undefined });
  assert.equal(denialDetails('a policy'), 'rbac_access_denied_matched_policy[a_policy]');
  assert.equal(denialDetails(undefined), 'rbac_access_denied_matched_policy[none]');
});

test('every value of a repeated header is judged', () => {
  const rules = onePolicy('DENY', { header: { name: 'X-Role', stringMatch: { exact: 'evil' } } });
  const allowed = (roles: readonly string[]) => rules.judge(call('/', { 'x-role': roles })).allowed;
  assert.deepEqual([['a'], ['a', 'evil'], ['evil', 'a'], ['a', 'b']].map(allowed), [true, false, false, true]);
});

test('a path is compared without query and fragment, a host in any case', () => {
  const path = onePolicy('DENY', { urlPath: { path: { exact: '/admin' } } });
  assert.deepEqual(
    ['/admin', '/admin?x', '/admin#x', '/admin/'].map((each) => path.judge(call(each)).allowed),
    [false, false, false, true],
  );
  const authority = { name: ':authority', stringMatch: { exact: 'Secret.com', ignoreCase: true } };
  const request = get('/', {}, { authority: 'sECRET.com' });
  assert.equal(onePolicy('DENY', { header: authority }).judge({ connection: CONNECTION, request }).allowed, false);
});

test('a plaintext client is nobody; of a certificate any name may be meant', () => {
  const named = { authenticated: { principalName: { exact: CALLER } } };
  const someone = { authenticated: {} };
  const peers = [undefined, { uris: [], dns: [], subject: '' }, { uris: [CALLER], dns: [], subject: '' }];
  const verdicts = (principal: object) =>
    peers.map((peer) => {
      return onePolicy('ALLOW', ANY, principal).judge({ ...call('/'), connection: { ...CONNECTION, peer } }).allowed;
    });
  assert.deepEqual(verdicts(named), [false, false, true]);
  assert.deepEqual(verdicts(someone), [false, true, true]);
  assert.deepEqual(verdicts({ notId: named }), [true, true, false]);
});

test('addresses: the direct one, the trusted one, and IPv4 in IPv6', () => {
  const range = { addressPrefix: '192.168.0.0', prefixLen: 16 };
  const request = get('/', {}, { remoteAddress: '::ffff:192.168.7.7' });
  const allowed = (principal: object) =>
    onePolicy('ALLOW', ANY, principal).judge({ connection: CONNECTION, request }).allowed;
  assert.equal(allowed({ remoteIp: range }), true);
  assert.equal(allowed({ directRemoteIp: range }), false);
  assert.equal(allowed({ directRemoteIp: { addressPrefix: '10.0.0.2', prefixLen: 32 } }), true);
});

test('claims of a token are looked up by their path; what is missing matches nothing', () => {
  const match = (value: object, invert = false) => ({
    metadata: { filter: 'jwt', path: [{ key: 'payload' }, { key: 'aud' }], value, invert },
  });
  const list = { listMatch: { oneOf: { stringMatch: { exact: 'shop' } } } };
  const either = { orMatch: { valueMatchers: [{ stringMatch: { exact: 'shop' } }, list] } };
  const claims: readonly (JsonObject | undefined)[] = [
    { payload: { aud: 'shop' } },
    { payload: { aud: ['a', 'shop'] } },
    { payload: {} },
    undefined,
  ];
  const verdicts = (principal: object) =>
    claims.map((jwt) => {
      return onePolicy('ALLOW', ANY, principal).judge({ ...call('/'), metadata: jwt && { jwt } }).allowed;
    });
  assert.deepEqual(verdicts(match(either)), [true, true, false, false]);
  assert.deepEqual(verdicts(match(list)), [false, true, false, false]);
  assert.deepEqual(verdicts(match({ presentMatch: true })), [true, true, false, false]);
  assert.deepEqual(verdicts(match({ presentMatch: true }, true)), [false, false, true, true]);
});

test('what was nearest to letting a request in is said in words', () => {
  const get = { header: { name: ':method', stringMatch: { exact: 'GET' } } };
  const paths = ['/a', '/b'].map((exact) => ({ urlPath: { path: { exact } } }));
  const reader = { authenticated: { principalName: { exact: 'spiffe://other' } } };
  const rules = rulesOf({
    policies: {
      far: { permissions: [{ destinationPort: 1 }], principals: [reader] },
      near: { permissions: [{ andRules: { rules: [get, { orRules: { rules: paths } }] } }], principals: [ANY] },
    },
  });
  assert.deepEqual(rules.nearestMiss(call('/c')), { policy: 'near', misses: ['(path exact "/a" or path exact "/b")'] });
});

test('what an earlier filter kept as a text is compared; what is no text matches nothing', () => {
  const rules = onePolicy('ALLOW', ANY, { filterState: { key: 'team', stringMatch: { prefix: 'a' } } });
  const judge = (state: readonly (readonly [string, unknown])[]) =>
    rules.judge({ ...call('/'), filterState: new Map(state) }).allowed;
  assert.deepEqual(
    [[], [['team', 'ab']], [['team', 'b']], [['team', 7]], [['a', 'a']]].map((each) => judge(each as [])),
    [false, true, false, false, false],
  );
  assert.equal(rules.judge(call('/')).allowed, false);
});

test('what cannot be judged is refused', () => {
  const refused: readonly (readonly [object, object, string])[] = [
    [{ matcher: { name: 'x' } }, ANY, 'UNSUPPORTED'],
    [{ uriTemplate: { name: 'x' } }, ANY, 'UNSUPPORTED'],
    [{}, ANY, 'UNSUPPORTED'],
    [{ urlPath: {} }, ANY, 'BAD_MATCH'],
    [{ destinationIp: { addressPrefix: 'x', prefixLen: 8 } }, ANY, 'BAD_MATCH'],
    [{ destinationIp: { addressPrefix: '10.0.0.0', prefixLen: 33 } }, ANY, 'BAD_MATCH'],
    [{ andRules: {} }, ANY, 'BAD_MATCH'],
    [ANY, { orIds: {} }, 'BAD_MATCH'],
    [ANY, { filterState: { key: 'x' } }, 'UNSUPPORTED'],
    [ANY, { metadata: { filter: 'x', path: [{ key: 'y' }] } }, 'BAD_MATCH'],
    [ANY, { authenticated: { principalName: { safeRegex: { regex: '(' } } } }, 'BAD_REGEX'],
    [ANY, {}, 'UNSUPPORTED'],
  ];
  for (const [permission, principal, code] of refused) {
    assert.throws(() => onePolicy('DENY', permission, principal), { code }, JSON.stringify([permission, principal]));
  }
  assert.throws(() => rulesOf({ policies: { p: { permissions: [ANY], principals: [] } } }), { code: 'BAD_MATCH' });
  const withCondition = { permissions: [ANY], principals: [ANY], condition: { constExpr: { boolValue: true } } };
  assert.throws(() => rulesOf({ policies: { p: withCondition } }), /policy "p": a condition in CEL/);
});

test('filters: what is absent lets all in, and of connections nothing of requests may be asked', () => {
  const none = compileHttpAccess(fromJson(HttpRbacSchema, {}));
  assert.deepEqual([none.enforced, none.shadow], [undefined, undefined]);
  const ofPath = { policies: { p: { permissions: [{ urlPath: { path: { exact: '/' } } }], principals: [ANY] } } };
  const connection = (fields: object) => compileNetworkAccess(fromJson(NetworkRbacSchema, fields as JsonValue));
  assert.throws(() => connection({ rules: ofPath }), { code: 'BAD_MATCH' });
  assert.throws(() => connection({ shadowRules: ofPath }), { code: 'BAD_MATCH' });
  assert.throws(() => connection({ enforcementType: 'CONTINUOUS' }), { code: 'UNSUPPORTED' });
  assert.equal(connection({ statPrefix: 'tcp.' }).statOwner, 'tcp');
});
