import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededDice } from '@meltemi/base';
import { RETRY_ON, type RetryCondition, type RetryPolicy } from '@meltemi/decide';
import { Headers } from '@meltemi/wire';
import fc from 'fast-check';
import { backOffMs, retriesFailure, retriesResponse, type TryFailure } from './retry.ts';

function policy(...conditions: readonly RetryCondition[]): RetryPolicy {
  return {
    on: conditions.reduce((bits, condition) => bits | RETRY_ON[condition], 0),
    numRetries: 1,
    perTryTimeoutMs: 0,
    perTryIdleTimeoutMs: 0,
    baseIntervalMs: 25,
    maxIntervalMs: 250,
    retriableStatusCodes: [418],
    retriableResponse: (headers) => headers.get('x-again') === 'yes',
    hostPredicates: [],
    hostSelectionAttempts: 1,
    resetHeaders: [],
    resetMaxIntervalMs: 300_000,
  };
}

test('which failures each condition covers', () => {
  const failures: TryFailure[] = ['connect-failure', 'connection-termination', 'per-try-timeout', 'overflow'];
  const covered = (condition: RetryCondition, sentHead: boolean) =>
    failures.filter((failure) => retriesFailure(policy(condition), failure, sentHead));
  assert.deepEqual(covered('5xx', true), failures.slice(0, 3));
  assert.deepEqual(covered('reset', true), failures.slice(0, 3));
  assert.deepEqual(covered('connect-failure', true), ['connect-failure']);
  assert.deepEqual(covered('reset-before-request', true), []);
  assert.deepEqual(covered('reset-before-request', false), failures.slice(0, 3));
  assert.deepEqual(covered('retriable-4xx', true), []);
  assert.equal(retriesFailure(policy('refused-stream'), 'refused', true), true);
  assert.equal(retriesFailure(policy('refused-stream'), 'reset', true), false);
});

test('which responses each condition covers', () => {
  const statuses = [200, 409, 418, 500, 502, 504];
  const covered = (condition: RetryCondition) =>
    statuses.filter((status) => retriesResponse(policy(condition), status, new Headers()));
  assert.deepEqual(covered('5xx'), [500, 502, 504]);
  assert.deepEqual(covered('gateway-error'), [502, 504]);
  assert.deepEqual(covered('retriable-4xx'), [409]);
  assert.deepEqual(covered('retriable-status-codes'), [418]);
  assert.deepEqual(covered('reset'), []);
});

test('response headers ask for another try', () => {
  const headers = new Headers();
  headers.set('x-again', 'yes');
  headers.set('grpc-status', '14');
  assert.equal(retriesResponse(policy('retriable-headers'), 200, headers), true);
  assert.equal(retriesResponse(policy('unavailable'), 200, headers), true);
  assert.equal(retriesResponse(policy('cancelled'), 200, headers), false);
});

test('the back-off lies in [0, min(base · (2^n − 1), max))', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer(), (retry, seed) => {
      const wait = backOffMs(policy('5xx'), retry, seededDice(seed));
      assert.equal(wait >= 0 && wait < Math.min(25 * (2 ** retry - 1), 250), true);
    }),
  );
});
