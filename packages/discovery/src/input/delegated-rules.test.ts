// Rules that leave routes to others: what both say together, where each was written, and who may be left to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StringMatch } from '@meltemi/config';
import { rule, viewOf } from '../test-world.ts';
import { delegatedRules } from './delegated-rules.ts';
import { areExclusive } from './exclusive-texts.ts';

const ALL = { domain: 'cluster.local', exportTo: ['*'] };

function root(...http: readonly object[]): string {
  return rule('VirtualService', 'root', { hosts: ['a.example'], http });
}

function leaf(http: readonly object[], namespace = 'default', more: object = {}): string {
  return rule('VirtualService', 'leaf', { http, ...more }, namespace);
}

async function joined(options: typeof ALL, ...yaml: readonly string[]) {
  const { virtualServices } = await viewOf(...yaml);
  const [only, ...others] = delegatedRules(virtualServices, options);
  assert.deepEqual(others, []);
  return only!;
}

const to = (host: string) => [{ destination: { host } }];

test('a leaf narrows what its root takes, and has what the root says beside', async () => {
  const rules = await joined(
    ALL,
    root(
      { name: 'r', match: [{ uri: { prefix: '/a' } }], delegate: { name: 'leaf', namespace: 'far' }, timeout: '1s' },
      { route: to('rest') },
    ),
    leaf(
      [
        { name: 'l', match: [{ uri: { prefix: '/a/b' }, headers: { x: { exact: '1' } } }], route: to('short') },
        { match: [{ uri: { prefix: '/c' } }], route: to('never') },
        { route: to('whole.example'), timeout: '2s' },
      ],
      'far',
    ),
  );
  assert.deepEqual(rules.spec.http, [
    {
      name: 'r-l',
      timeout: '1s',
      match: [{ uri: { prefix: '/a/b' }, headers: { x: { exact: '1' } } }],
      route: to('short.far.svc.cluster.local'),
    },
    { name: 'r', timeout: '2s', match: [{ uri: { prefix: '/a' } }], route: to('whole.example') },
    { route: to('rest') },
  ]);
  assert.deepEqual(
    ['spec.http[0].timeout', 'spec.http[1]', 'spec.http[2]'].map((path) => rules.origin(path).path),
    ['spec.http[0].timeout', 'spec.http[2]', 'spec.http[1]'],
  );
  assert.equal(rules.origin('spec.http[1]').resource.name, 'root');
});

test('what is not there, or not for the root, is left out alone', async () => {
  const rules = root(
    { delegate: { name: 'leaf', namespace: 'far' } },
    { delegate: { name: 'nobody' } },
    { route: to('x') },
  );
  const hidden = await joined(ALL, rules, leaf([{ route: to('y') }], 'far', { exportTo: ['.'] }));
  assert.deepEqual(hidden.spec.http, [{ route: to('x') }]);
  const byDefault = await joined({ ...ALL, exportTo: ['.'] }, rules, leaf([{ route: to('y') }], 'far'));
  assert.equal(byDefault.spec.http?.length, 1);
});

test('the same rules give the same list', async () => {
  const { virtualServices } = await viewOf(root({ delegate: { name: 'leaf' } }), leaf([{ route: to('y') }]));
  assert.equal(delegatedRules(virtualServices, ALL), delegatedRules(virtualServices, ALL));
});

const text: fc.Arbitrary<StringMatch> = fc.oneof(
  fc.constantFrom('/', '/a', '/ab', '/a/b').map((exact) => ({ exact })),
  fc.constantFrom('/', '/a', '/ab', '/a/b').map((prefix) => ({ prefix })),
);

test('texts that are not exclusive: what the leaf takes, the root takes', () => {
  const takes = ({ exact, prefix }: StringMatch, said: string) =>
    exact === undefined ? said.startsWith(prefix!) : said === exact;
  fc.assert(
    fc.property(text, text, fc.stringMatching(/^\/(a|b|\/){0,4}$/), (outer, inner, said) => {
      if (!areExclusive(outer, inner) && takes(inner, said)) assert.ok(takes(outer, said));
    }),
  );
});
