import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { RBACSchema } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import * as fc from 'fast-check';
import { AccessRules } from './access-rules.ts';
import {
  accessRequest,
  type NaiveRequest,
  naiveVerdict,
  type Rule,
  type Rules,
  type TextRule,
} from './naive-rbac.test-support.ts';

const word = fc.constantFrom('a', 'b', 'A', 'ab', 'a.b', 'aXb', '/a', '/a/b', '/');
const ip = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.1.0.1', '127.0.0.1');
const uri = fc.constantFrom('spiffe://td/ns/a/sa/b', 'spiffe://td/ns/a/sa/b.c', 'spiffe://td/ns/a/sa/bXc');
const port = fc.constantFrom(80, 9080);

function textMatcher(texts: fc.Arbitrary<string>): fc.Arbitrary<TextRule> {
  return fc.oneof(
    fc.record({ exact: texts, ignoreCase: fc.boolean() }),
    fc.record({ prefix: texts, ignoreCase: fc.boolean() }),
    fc.record({ suffix: texts, ignoreCase: fc.boolean() }),
    texts.map((text) => ({ safeRegex: { regex: `.*${text.replaceAll('.', String.raw`\.`)}.*` } })),
  );
}

const range = fc.record({ addressPrefix: ip, prefixLen: fc.constantFrom(8, 16, 31, 32) });
const header = fc.record({ name: fc.constantFrom('x', 'y', ':method'), stringMatch: textMatcher(word) });
const any = fc.constant<Rule>({ any: true });

const permission = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 3 },
    any,
    header.map((value): Rule => ({ header: value })),
    textMatcher(word).map((path): Rule => ({ urlPath: { path } })),
    port.map((destinationPort): Rule => ({ destinationPort })),
    range.map((destinationIp): Rule => ({ destinationIp })),
    textMatcher(word).map((requestedServerName): Rule => ({ requestedServerName })),
    fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((rules): Rule => ({ andRules: { rules } })),
    fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((rules): Rule => ({ orRules: { rules } })),
    tie('rule').map((notRule): Rule => ({ notRule })),
  ),
})).rule;

const principal = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 3 },
    any,
    header.map((value): Rule => ({ header: value })),
    textMatcher(uri).map((principalName): Rule => ({ authenticated: { principalName } })),
    range.map((directRemoteIp): Rule => ({ directRemoteIp })),
    range.map((remoteIp): Rule => ({ remoteIp })),
    fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((ids): Rule => ({ andIds: { ids } })),
    fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((ids): Rule => ({ orIds: { ids } })),
    tie('rule').map((notId): Rule => ({ notId })),
  ),
})).rule;

const someRules: fc.Arbitrary<Rules> = fc.record({
  action: fc.constantFrom('ALLOW', 'DENY', 'LOG'),
  policies: fc.dictionary(
    fc.constantFrom('p', 'q', 'r'),
    fc.record({
      permissions: fc.array(permission, { minLength: 1, maxLength: 2 }),
      principals: fc.array(principal, { minLength: 1, maxLength: 2 }),
    }),
  ),
});

const someRequest: fc.Arbitrary<NaiveRequest> = fc.record({
  path: fc.constantFrom('/', '/a', '/a/b', '/a?b', '/ab'),
  method: fc.constantFrom('a', 'GET'),
  headers: fc.dictionary(fc.constantFrom('x', 'y'), fc.array(word, { minLength: 1, maxLength: 3 })),
  port,
  localIp: ip,
  remoteIp: ip,
  serverName: fc.constantFrom('', 'a', 'a.b', 'aXb'),
  uris: fc.option(fc.array(uri, { maxLength: 2 }), { nil: undefined }),
});

test('the verdict is that of the plainest reading of the rules', () => {
  const property = fc.property(someRules, someRequest, (rules: Rules, request) => {
    const compiled = new AccessRules(fromJson(RBACSchema, rules as unknown as JsonValue), 'request');
    const asked = accessRequest(request);
    const { allowed, policy } = compiled.judge(asked);
    assert.equal(allowed, naiveVerdict(rules, request));
    if (policy === undefined) assert.notEqual(compiled.nearestMiss(asked)?.misses.length, 0);
  });
  fc.assert(property, { numRuns: 1000 });
});
