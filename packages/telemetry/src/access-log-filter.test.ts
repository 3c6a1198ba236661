import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AccessLogFilterSchema as Schema,
  ComparisonFilter_Op as Op,
  GrpcStatusFilter_Status as Status,
} from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import { AccessLogType } from '@meltemi/api/envoy/data/accesslog/v3/accesslog_pb';
import { seededDice } from '@meltemi/base';
import { compileFilter, type FilterParts } from './access-log-filter.ts';
import type { AccessLogEntry } from './access-log-entry.ts';

type Specifier = NonNullable<MessageInitShape<typeof Schema>['filterSpecifier']>;

const parts: FilterParts = {
  dice: seededDice(3),
  header:
    ({ name }) =>
    (entry) =>
      entry.requestHeaders?.get(name) !== undefined,
  metadata:
    ({ filter }, otherwise) =>
    (entry) =>
      entry.metadata?.[filter] === undefined ? otherwise : true,
};

function passes(filterSpecifier: Specifier, entry: Partial<AccessLogEntry>): boolean {
  return compileFilter(create(Schema, { filterSpecifier }), parts)(entry as AccessLogEntry);
}

const over = (limit: number) => ({ comparison: { op: Op.GE, value: { defaultValue: limit, runtimeKey: 'k' } } });
const requestId = (id: string) => ({ requestHeaders: new Map([['x-request-id', id]]) });

test('each kind of filter tells entries apart', () => {
  const slow: Specifier = { case: 'durationFilter', value: over(100) };
  const failed: Specifier = { case: 'statusCodeFilter', value: over(500) };
  const both = { filters: [{ filterSpecifier: slow }, { filterSpecifier: failed }] };
  const cases: readonly (readonly [Specifier, yes: Partial<AccessLogEntry>, no: Partial<AccessLogEntry>])[] = [
    [slow, { durationMs: 100 }, { durationMs: 99.9 }],
    [failed, { responseCode: 503 }, { responseCode: 404 }],
    [
      { case: 'andFilter', value: both },
      { durationMs: 200, responseCode: 500 },
      { durationMs: 200, responseCode: 1 },
    ],
    [
      { case: 'orFilter', value: both },
      { durationMs: 200, responseCode: 1 },
      { durationMs: 0, responseCode: 1 },
    ],
    [{ case: 'notHealthCheckFilter', value: {} }, {}, { healthCheck: true }],
    [{ case: 'traceableFilter', value: {} }, { traced: true }, {}],
    [{ case: 'responseFlagFilter', value: {} }, { responseFlags: 'UF' }, {}],
    [{ case: 'responseFlagFilter', value: { flags: ['UF'] } }, { responseFlags: 'UC,UF' }, { responseFlags: 'UC' }],
    [
      { case: 'grpcStatusFilter', value: { statuses: [Status.UNAVAILABLE] } },
      { responseCode: 503 },
      { responseCode: 404 },
    ],
    [
      { case: 'grpcStatusFilter', value: { statuses: [Status.OK], exclude: true } },
      { responseCode: 200, responseTrailers: new Map([['grpc-status', '3']]) },
      { responseCode: 200, responseTrailers: new Map([['grpc-status', '0']]) },
    ],
    [
      { case: 'logTypeFilter', value: { types: [AccessLogType.DownstreamStart] } },
      { logType: 'DownstreamStart' },
      requestId(''),
    ],
    [{ case: 'headerFilter', value: { header: { name: 'x-request-id' } } }, requestId('a'), {}],
    [
      { case: 'metadataFilter', value: { matcher: { filter: 'f' }, matchIfKeyNotFound: false } },
      { metadata: { f: 1 } },
      {},
    ],
    [
      { case: 'runtimeFilter', value: { runtimeKey: 'k', percentSampled: { numerator: 50 } } },
      requestId('00000031-x'),
      requestId('00000032-x'),
    ],
  ];
  const wrong = cases.filter(([filter, yes, no]) => !passes(filter, yes) || passes(filter, no));
  assert.deepEqual(wrong, []);
});

test('a share of the entries is taken at random where they have no id', () => {
  const filter: Specifier = { case: 'runtimeFilter', value: { runtimeKey: 'k', percentSampled: { numerator: 30 } } };
  const compiled = compileFilter(create(Schema, { filterSpecifier: filter }), parts);
  const taken = Array.from({ length: 1000 }, () => compiled({} as AccessLogEntry)).filter(Boolean).length;
  assert.ok(taken > 250 && taken < 350, String(taken));
});

test('what can’t be honoured is refused', () => {
  const refused: readonly Specifier[] = [
    { case: 'extensionFilter', value: { name: 'cel' } },
    { case: 'responseFlagFilter', value: { flags: ['NOPE'] } },
    { case: 'headerFilter', value: {} },
  ];
  for (const filter of refused) assert.throws(() => passes(filter, {}), { code: 'UNSUPPORTED_FILTER' });
  const header = create(Schema, { filterSpecifier: { case: 'headerFilter', value: { header: { name: 'a' } } } });
  assert.throws(() => compileFilter(header), { code: 'UNSUPPORTED_FILTER' });
});
