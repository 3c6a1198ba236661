import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { decide, explain } from './decide.ts';
import { chanceOf, get, routesOf, tableOf } from './fixture.ts';

const path = fc.constantFrom('/', '/a', '/a/', '/a/b', '/a/b;v=1', '/ab', '/B', '/b', '/b/c?q=/a');
const text = path.filter((path) => !/[?;]/.test(path));
type Json = Record<string, JsonValue>;
const specifier = fc.oneof(
  text.map((prefix): Json => ({ prefix })),
  text.map((exact): Json => ({ path: exact })),
  text.filter((path) => !path.endsWith('/')).map((pathSeparatedPrefix): Json => ({ pathSeparatedPrefix })),
  fc.constantFrom<Json>({ safeRegex: { regex: '/a.*' } }, { connectMatcher: {} }),
);
const match: fc.Arbitrary<Json> = fc
  .record({
    specifier,
    caseSensitive: fc.constantFrom(true, true, false),
    header: fc.constantFrom<string | undefined>(undefined, undefined, 'x', 'y'),
  })
  .map(({ specifier, caseSensitive, header }) => ({
    ...specifier,
    caseSensitive,
    ...(header !== undefined && { headers: [{ name: header, presentMatch: true }] }),
  }));
const matches = fc.array(match, { minLength: 20, maxLength: 60 });

test('the index leads to the route that trying all in their order leads to', () => {
  let indexed = 0;
  const property = fc.property(matches, path, fc.boolean(), fc.boolean(), (matches, path, ignores, hasHeader) => {
    const routes = matches.map((match, number) => ({ name: `r${number}`, match, route: { cluster: `c${number}` } }));
    const table = tableOf({
      name: '80',
      ignorePathParametersInPathMatching: ignores,
      virtualHosts: [{ name: 'all', domains: ['*'], routes }],
    });
    if (table.hosts.otherwise?.target.list.index) indexed++;
    const request = get(path, hasHeader ? { x: '1' } : {});
    assert.deepEqual(decide(table, request, chanceOf(0)), explain(table, request, chanceOf(0)).decision);
  });
  fc.assert(property, { numRuns: 500 });
  assert.ok(indexed > 100, `${indexed} tables had an index`);
});

test('a virtual host of few routes has no index', () => {
  const routes = Array.from({ length: 8 }, (_, number) => ({
    match: { path: `/${number}` },
    route: { cluster: 'c' },
  }));
  assert.equal(routesOf(routes).hosts.otherwise?.target.list.index, undefined);
});
