import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { HeaderValueOptionSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { decide } from './decide.ts';
import { DecideError } from './decide-error.ts';
import { get, rolls, tableOf, TestHeaders } from './fixture.ts';
import type { FormatSource } from './format.ts';
import { applyHeaderChanges, compileHeaderChanges } from './header-change.ts';

function sourceOf(headers: TestHeaders): FormatSource {
  return {
    requestHeader: (name) => headers.fields.find(([field]) => field === name)?.[1],
    responseHeader: () => undefined,
    value: (name, argument) => (name === 'DOWNSTREAM_REMOTE_ADDRESS' ? '10.0.0.1:5' : argument || undefined),
  };
}

function apply(additions: JsonValue[], removals: string[], fields: Record<string, string>): [string, string][] {
  const headers = new TestHeaders(fields);
  const options = additions.map((addition) => fromJson(HeaderValueOptionSchema, addition));
  applyHeaderChanges(compileHeaderChanges(options, removals), headers, sourceOf(headers));
  return headers.fields;
}

test('removes, then replaces, then adds; values see the headers before', () => {
  const header = (key: string, value: string) => ({ key, value });
  assert.deepEqual(
    apply(
      [
        { header: header('X-A', 'add %REQ(x-b)%') },
        { header: header('x-b', 'new'), appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        { header: header('x-c', 'no'), appendAction: 'OVERWRITE_IF_EXISTS' },
        { header: header('x-d', 'absent'), appendAction: 'ADD_IF_ABSENT' },
        { header: header('x-b', 'no'), appendAction: 'ADD_IF_ABSENT' },
        { header: header('x-e', '%REQ(none)%') },
        { header: header('x-f', ''), keepEmptyValue: true },
        { header: header('x-g', 'old form'), append: false },
      ],
      ['X-Gone', 'x-c'],
      { 'x-a': '1', 'x-b': '2', 'x-c': '3', 'x-gone': '4' },
    ),
    [
      ['x-a', '1'],
      ['x-b', 'new'],
      ['x-g', 'old form'],
      ['x-a', 'add 2'],
      ['x-d', 'absent'],
      ['x-f', ''],
    ],
  );
});

test('refuses names and values that would break a request', () => {
  const additions: JsonValue[] = [
    { header: { key: ':path', value: '/x' } },
    { header: { key: 'Host', value: 'x' } },
    { header: { key: 'a b', value: 'x' } },
    { header: { key: 'a', value: 'x\r\ny: z' } },
    { header: { key: 'a', value: '%REQ(' } },
    { header: { key: 'a', value: 'x' }, append: true, appendAction: 'ADD_IF_ABSENT' },
  ];
  for (const addition of additions) assert.throws(() => apply([addition], [], {}), DecideError);
  assert.throws(() => apply([], ['host'], {}), DecideError);
});

function order(mostSpecificWins: boolean): string | undefined {
  const level = (value: string) => ({ requestHeadersToAdd: [{ header: { key: 'x', value } }] });
  const table = tableOf({
    mostSpecificHeaderMutationsWins: mostSpecificWins,
    ...level('config'),
    virtualHosts: [
      {
        name: 'v',
        domains: ['*'],
        ...level('host'),
        routes: [
          {
            match: { prefix: '/' },
            ...level('route'),
            route: { weightedClusters: { clusters: [{ name: 'c', weight: 1, ...level('cluster') }] } },
          },
        ],
      },
    ],
  });
  const decision = decide(table, get('/'), rolls(0));
  const headers = new TestHeaders();
  if (decision.kind === 'route') applyHeaderChanges(decision.requestHeaders, headers, sourceOf(headers));
  return headers.get('x');
}

test('levels apply from the route outwards, or the other way round where the most specific wins', () => {
  assert.deepEqual([order(false), order(true)], ['cluster,route,host,config', 'cluster,config,host,route']);
});
