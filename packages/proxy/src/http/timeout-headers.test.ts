import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteDecision } from '@meltemi/decide';
import { Headers } from '@meltemi/wire';
import { setTimeoutHeaders } from './timeout-headers.ts';

function told(timeoutMs: number, perTryTimeoutMs: number, elapsedMs = 0, more: object = {}) {
  const rules = { setGrpcTimeout: true };
  const decision = { timeoutMs, retry: { perTryTimeoutMs }, hedged: false, rules, ...more } as unknown as RouteDecision;
  const headers = new Headers();
  headers.append('content-type', 'application/grpc');
  setTimeoutHeaders(headers, decision, elapsedMs, true);
  return [headers.get('x-envoy-expected-rq-timeout-ms'), headers.get('grpc-timeout')];
}

test('a try is told the least of its own time and of what is left of the whole', () => {
  assert.deepEqual(told(15_000, 0), ['15000', '15000m']);
  assert.deepEqual(told(15_000, 2000), ['2000', '2000m']);
  assert.deepEqual(told(15_000, 2000, 14_000), ['1000', '1000m']);
  assert.deepEqual(told(0, 2000), ['2000', '2000m']);
  assert.deepEqual(told(0, 0), [undefined, undefined]);
});

test('a hedged try may go on until the whole time is over', () => {
  assert.deepEqual(told(15_000, 2000, 0, { hedged: true }), ['15000', '15000m']);
});

test('gRPC writes long times in larger units', () => {
  assert.equal(told(200_000_000, 0)[1], '200000S');
});
