import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@bufbuild/protobuf';
import { seededDice } from '@meltemi/base';
import * as fc from 'fast-check';
import { decide, explain } from './decide.ts';
import { chanceOf, get, routesOf, tableOf } from './fixture.ts';

test('tells every step with its reason and source', () => {
  const source = (line: number) => ({ filterMetadata: { meltemi: { source: `reviews.yaml:${line}` } } });
  const table = routesOf(
    [
      {
        name: 'jason',
        match: { prefix: '/', headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] },
        route: { cluster: 'v2' },
        metadata: source(12),
      },
      {
        name: 'rest',
        match: { prefix: '/' },
        route: {
          timeout: '0s',
          weightedClusters: {
            clusters: [
              { name: 'v1', weight: 75 },
              { name: 'v3', weight: 25 },
            ],
          },
        },
        metadata: source(20),
      },
    ],
    { name: 'reviews' },
  );
  const { steps } = explain(table, get('/x', { 'end-user': 'kelly' }), chanceOf(180));
  assert.deepEqual(
    steps.map(({ subject, name, source, outcome, reason }) => [subject, name, source, outcome, reason]),
    [
      ['virtual host', 'reviews', undefined, 'matched', 'domain "*" covers "reviews:9080"'],
      ['route', 'jason', 'reviews.yaml:12', 'missed', 'wants header end-user exact "jason", it is "kelly"'],
      ['route', 'rest', 'reviews.yaml:20', 'matched', 'path prefix "/"'],
      ['cluster', 'v1', undefined, 'missed', 'weight 75 of 100: 80 in [0, 75)'],
      ['cluster', 'v3', undefined, 'matched', 'weight 25 of 100: 80 in [75, 100)'],
      ['timeout', 'rest', 'reviews.yaml:20', 'matched', 'no limit'],
      ['retry', 'rest', 'reviews.yaml:20', 'missed', 'no retries'],
    ],
  );
});

type Json = { [key: string]: JsonValue };

const text = fc.constantFrom('/', '/a', '/a/b', '/b');
const headerMatcher: fc.Arbitrary<Json> = fc.record({
  name: fc.constantFrom('x', 'y', ':method'),
  stringMatch: fc.constantFrom<Json[]>(
    { exact: 'a' },
    { prefix: 'a' },
    { safeRegex: { regex: 'a|b+' } },
    { exact: 'GET' },
  ),
  invertMatch: fc.boolean(),
  treatMissingHeaderAsEmpty: fc.boolean(),
});
const fraction = fc.nat(100).map((numerator): Json => ({ defaultValue: { numerator } }));
const match: fc.Arbitrary<Json> = fc
  .tuple(
    fc.oneof(
      text.map((prefix): Json => ({ prefix })),
      text.map((path): Json => ({ path })),
      fc.constant<Json>({ safeRegex: { regex: '/a/.*' } }),
    ),
    fc.array(headerMatcher, { maxLength: 2 }),
    fc.option(fraction),
  )
  .map(([path, headers, runtimeFraction]): Json => ({
    ...path,
    headers,
    ...(runtimeFraction ? { runtimeFraction } : {}),
  }));
const percentage = fc.nat(100).map((numerator): Json => ({ numerator }));
const filters: fc.Arbitrary<Json> = fc
  .record({ status: fc.integer({ min: 200, max: 599 }), percentage })
  .map(({ status, percentage }): Json => ({
    'envoy.filters.http.fault': {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
      abort: { httpStatus: status, percentage },
      delay: { fixedDelay: '1s', percentage },
    },
    'envoy.filters.http.cors': {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
      allowOriginStringMatch: [{ exact: 'a' }],
    },
  }));
const action: fc.Arbitrary<Json> = fc.oneof(
  fc.constant<Json>({ redirect: { httpsRedirect: true } }),
  fc.constant<Json>({ directResponse: { status: 200 } }),
  fc
    .record({
      weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
      mirror: fraction,
      rewrite: fc.boolean(),
    })
    .map(({ weights, mirror, rewrite }): Json => ({
      route: {
        weightedClusters: { clusters: weights.map((weight, index) => ({ name: `c${index}`, weight })) },
        requestMirrorPolicies: [{ cluster: 'm', runtimeFraction: mirror }],
        hashPolicy: [{ cookie: { name: 'k', ttl: '1s' } }],
        ...(rewrite ? { prefixRewrite: '/new' } : {}),
      },
    })),
);
const route = fc.tuple(match, action, fc.option(filters)).map(([match, action, typedPerFilterConfig]): Json => ({
  match,
  ...action,
  ...(typedPerFilterConfig ? { typedPerFilterConfig } : {}),
}));
const config = fc.array(route, { maxLength: 4 }).map((routes): Json => ({
  virtualHosts: [
    { name: 'reviews', domains: ['reviews:9080', '*.x'], routes },
    { name: 'other', domains: ['b.*'], routes },
  ],
}));
const request = fc
  .record({
    path: text,
    authority: fc.constantFrom('reviews:9080', 'a.x', 'b.c', 'none'),
    method: fc.constantFrom('GET', 'OPTIONS'),
    headers: fc.dictionary(
      fc.constantFrom('x', 'y', 'origin', 'access-control-request-method'),
      fc.constantFrom('a', 'b', ''),
    ),
  })
  .map(({ path, headers, ...changes }) => get(path, headers, changes));

test('an explanation explains the decision that is made', () => {
  fc.assert(
    fc.property(config, request, fc.nat(), (config, request, seed) => {
      const table = tableOf(config);
      const explanation = explain(table, request, seededDice(seed));
      assert.deepEqual(explanation.decision, decide(table, request, seededDice(seed)));
      const routes = explanation.steps.filter((step) => step.subject === 'route');
      assert.equal(
        routes.filter((step) => step.outcome === 'matched').length,
        explanation.decision.kind === 'not-found' ? 0 : 1,
      );
    }),
    { numRuns: 500 },
  );
});
