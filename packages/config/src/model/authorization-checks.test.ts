import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPolicy, checkSource } from './authorization-checks.ts';

const paths = (findings: ReturnType<typeof checkPolicy>) => findings.map(({ path }) => path.join('.'));
const provider = { name: 'ldap' };

test('an action that would do nothing is refused: DENY and CUSTOM without rules', () => {
  assert.deepEqual(paths(checkPolicy({ action: 'DENY' })), ['action']);
  assert.deepEqual(paths(checkPolicy({ action: 'CUSTOM', provider, rules: [] })), ['action']);
  assert.deepEqual(checkPolicy({ action: 'ALLOW' }), []);
  assert.deepEqual(checkPolicy({ action: 'DENY', rules: [{}] }), []);
});

test('a provider is for CUSTOM, and CUSTOM needs one', () => {
  assert.deepEqual(paths(checkPolicy({ action: 'CUSTOM', rules: [{}] })), ['action']);
  assert.deepEqual(paths(checkPolicy({ action: 'DENY', provider, rules: [{}] })), ['provider']);
});

test('CUSTOM takes what is called and addresses, not who calls', () => {
  const source = { principals: ['a'], ipBlocks: ['10.0.0.1'], notRequestPrincipals: ['*'] };
  const when = [
    { key: 'request.headers[a]', values: ['b'] },
    { key: 'request.auth.claims[a]', values: ['b'] },
    { key: 'source.namespace', values: ['a'] },
  ];
  const rules = [{ to: [{ operation: { paths: ['/'] } }] }, { from: [{ source }], when }];
  assert.deepEqual(paths(checkPolicy({ action: 'CUSTOM', provider, rules })), [
    'rules.1.from.0.source.principals',
    'rules.1.from.0.source.notRequestPrincipals',
    'rules.1.when.1.key',
    'rules.1.when.2.key',
  ]);
  assert.deepEqual(checkPolicy({ action: 'DENY', rules }), []);
});

test('service accounts stand without principals and namespaces', () => {
  assert.deepEqual(paths(checkSource({ serviceAccounts: ['a'], notNamespaces: ['b'] })), ['serviceAccounts']);
  assert.deepEqual(checkSource({ serviceAccounts: ['a'], ipBlocks: ['10.0.0.1'], trustDomains: ['a'] }), []);
});
