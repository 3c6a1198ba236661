import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededDice } from '@meltemi/base';
import { RETRY_ON, type RetryCondition, type RetryPolicy } from '@meltemi/decide';
import { Headers } from '@meltemi/wire';
import fc from 'fast-check';
import { leavesOut } from './retry-hosts.ts';
import {
  askedBackOffMs,
  backOffMs,
  politeBackOffMs,
  retriesFailure,
  retriesResponse,
  type TryFailure,
} from './retry.ts';

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
    hosts: { previousHosts: false, canaryHosts: false, metadata: [], attempts: 1, priorityUpdate: 0 },
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

test('another proxy’s limit is tried again only where the policy says so', () => {
  const limited = new Headers();
  limited.append('x-envoy-ratelimited', 'true');
  assert.equal(retriesResponse(policy('5xx'), 503, limited), false);
  assert.equal(retriesResponse(policy('envoy-ratelimited'), 429, limited), true);
  assert.equal(retriesResponse(policy('envoy-ratelimited'), 429, new Headers()), false);
});

test('waits as long as the upstream asks, within the policy’s limit', () => {
  const resetHeaders = [
    { name: 'retry-after', format: 'seconds' as const },
    { name: 'x-ratelimit-reset', format: 'unix-timestamp' as const },
  ];
  const asked = (fields: Record<string, string>) => {
    const headers = new Headers();
    for (const [name, value] of Object.entries(fields)) headers.append(name, value);
    return askedBackOffMs({ ...policy('5xx'), resetHeaders }, headers, 1_700_000_000_000);
  };
  assert.equal(asked({ 'retry-after': '3' }), 3000);
  assert.equal(asked({ 'x-ratelimit-reset': '1700000002' }), 2000);
  assert.equal(asked({ 'retry-after': 'soon', 'x-ratelimit-reset': '1700000001' }), 1000);
  assert.equal(asked({ 'x-ratelimit-reset': '1' }), undefined);
  assert.equal(asked({ 'retry-after': '301' }), undefined);
  assert.equal(asked({}), undefined);
  fc.assert(
    fc.property(fc.nat(300_000), fc.nat(), (ms, seed) => {
      const wait = politeBackOffMs(ms, seededDice(seed));
      assert.ok(wait >= ms && wait <= ms * 1.5);
    }),
  );
});

test('leaves out hosts by what is known of them', () => {
  const hosts = {
    previousHosts: false,
    canaryHosts: true,
    metadata: [{ a: '1', b: true }],
    attempts: 3,
    priorityUpdate: 0,
  };
  const host = (labels: Record<string, unknown>) => ({ labels }) as unknown as Parameters<typeof leavesOut>[1];
  assert.equal(leavesOut(hosts, host({ canary: true })), true);
  assert.equal(leavesOut(hosts, host({ a: '1', b: true, c: 2 })), true);
  assert.equal(leavesOut(hosts, host({ a: '1' })), false);
  assert.equal(leavesOut(hosts, host({})), false);
});
