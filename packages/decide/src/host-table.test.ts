import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DecideError } from './decide-error.ts';
import { compileHostTable, findHost } from './host-table.ts';

test('the most specific domain wins: exact, suffix, prefix, default', () => {
  const domains = ['www.foo.com', '*.foo.com', '*-bar.foo.com', 'foo.*', 'foo.bar.*', '*', '[::1]'];
  const table = compileHostTable(domains.map((domain) => [domain, domain]));
  const hosts = {
    'WWW.Foo.com': 'www.foo.com',
    'a.foo.com': '*.foo.com',
    'a-bar.foo.com': '*-bar.foo.com',
    '.foo.com': '*',
    'foo.com': 'foo.*',
    'foo.bar.com': 'foo.bar.*',
    'foo.com:80': 'foo.*',
    other: '*',
    'www.foo.com:80': '*',
    '[::1]:80': '*',
  };
  const found = Object.keys(hosts).map((host) => [host, findHost(table, host, false)?.target]);
  assert.deepEqual(Object.fromEntries(found), hosts);
  const withoutPorts = ['www.foo.com:80', '[::1]:80', '[::1]'].map((host) => findHost(table, host, true)?.target);
  assert.deepEqual(withoutPorts, ['www.foo.com', '[::1]', '[::1]']);
});

test('a domain comes once', () => {
  for (const domains of [['a', 'A'], ['*', '*'], ['*.a', '*.A'], ['a.*', 'a.*'], ['']]) {
    assert.throws(() => compileHostTable(domains.map((domain) => [domain, domain])), DecideError);
  }
});

test('finds what a search through all domains finds', () => {
  const label = fc.constantFrom('a', 'b', 'ab');
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
  const domain = fc.oneof(
    name,
    name.map((text) => `*.${text}`),
    name.map((text) => `*${text}`),
    name.map((text) => `${text}.*`),
    name.map((text) => `${text}*`),
    fc.constant('*'),
  );
  fc.assert(
    fc.property(fc.uniqueArray(domain, { maxLength: 8 }), name, fc.boolean(), (domains, host, upper) => {
      const table = compileHostTable(domains.map((each) => [each, each]));
      assert.equal(findHost(table, upper ? host.toUpperCase() : host, false)?.target, search(domains, host));
    }),
    { numRuns: 1000 },
  );
});

function search(domains: readonly string[], host: string): string | undefined {
  const longest = (found: readonly string[]) => [...found].sort((a, b) => b.length - a.length)[0];
  const rest = domains.filter((domain) => domain !== '*' && domain.length - 1 < host.length);
  return (
    domains.find((domain) => domain === host) ??
    longest(rest.filter((domain) => domain.startsWith('*') && host.endsWith(domain.slice(1)))) ??
    longest(rest.filter((domain) => domain.endsWith('*') && host.startsWith(domain.slice(0, -1)))) ??
    domains.find((domain) => domain === '*')
  );
}
