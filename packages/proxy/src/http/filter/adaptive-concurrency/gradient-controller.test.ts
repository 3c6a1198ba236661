import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, seededDice } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import fc from 'fast-check';
import { GradientController } from './gradient-controller.ts';
import type { GradientSettings } from './gradient-settings.ts';
import { LatencySamples } from './latency-samples.ts';

const SETTINGS: GradientSettings = {
  minRttIntervalMs: 60_000,
  fixedMs: undefined,
  requestCount: 5,
  jitter: 0.1,
  measuringLimit: 3,
  leastLimit: 3,
  mostLimit: 100,
  buffer: 0.25,
  updateIntervalMs: 100,
  percentile: 0.5,
};

function controllerWith(settings: Partial<GradientSettings> = {}) {
  const clock = new ManualClock(1_000);
  const stats = new StatsStore();
  const scope = stats.scope('http', { http_conn_manager_prefix: 'x' });
  const controller = new GradientController({ ...SETTINGS, ...settings }, { clock, dice: seededDice(1) }, scope);
  const gauge = (name: string) => scope.gauge(`adaptive_concurrency.gradient_controller.${name}`).value;
  /** Requests one after the other. */
  const send = (count: number, latencyMs: number) => {
    for (let sent = 0; sent < count; sent++) {
      assert.ok(controller.enter());
      const started = clock.monotonic();
      clock.advance(latencyMs);
      controller.record(started);
    }
  };
  return { clock, controller, gauge, send, scope };
}

test('it begins with a measurement, few requests at a time, and refuses what is more', () => {
  const { controller, gauge, scope } = controllerWith();
  assert.deepEqual([gauge('min_rtt_calculation_active'), controller.limit], [1, 3]);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => controller.enter()),
    [true, true, true, false],
  );
  assert.equal(scope.counter('adaptive_concurrency.gradient_controller.rq_blocked').value, 1);
  controller.cancel();
  assert.ok(controller.enter());
});

test('the limit grows while latencies stay, up to the most, and falls to half in each window as they double', () => {
  const { clock, controller, gauge, send } = controllerWith();
  send(5, 10);
  assert.deepEqual([gauge('min_rtt_calculation_active'), gauge('min_rtt_msecs')], [0, 10]);
  send(1, 10);
  clock.advance(100);
  // 3 × 1.25 and its square root.
  assert.equal(controller.limit, 5);
  for (let window = 0; window < 30; window++) {
    send(1, 10);
    clock.advance(100);
  }
  assert.equal(controller.limit, 100);
  send(1, 25);
  clock.advance(100);
  // 100 × 0.5 and its square root.
  assert.equal(controller.limit, 57);
  send(1, 1_000);
  clock.advance(100);
  assert.equal(controller.limit, 33);
});

test('it measures anew after the interval and its jitter, and keeps the limit for afterwards', () => {
  const { clock, controller, gauge, send } = controllerWith();
  send(5, 10);
  for (let window = 0; window < 10; window++) {
    send(1, 10);
    clock.advance(100);
  }
  const { limit } = controller;
  assert.ok(limit > 3);
  clock.advance(58_000);
  assert.equal(gauge('min_rtt_calculation_active'), 0);
  const late = clock.monotonic();
  controller.enter();
  clock.advance(8_000);
  assert.deepEqual([gauge('min_rtt_calculation_active'), controller.limit], [1, 3]);
  // Begun before: its latency says nothing.
  controller.record(late);
  send(5, 20);
  assert.deepEqual([gauge('min_rtt_msecs'), controller.limit], [20, limit]);
});

test('five windows at the least limit make it measure anew', () => {
  const { clock, gauge, send } = controllerWith();
  send(5, 1);
  for (let window = 0; window < 5; window++) {
    assert.equal(gauge('min_rtt_calculation_active'), 0);
    send(1, 50);
    clock.advance(100);
  }
  clock.advance(1);
  assert.equal(gauge('min_rtt_calculation_active'), 1);
});

test('a fixed least latency needs no measurement, and a limit of its own stays during one', () => {
  const fixed = controllerWith({ minRttIntervalMs: 0, fixedMs: 10 });
  assert.equal(fixed.gauge('min_rtt_calculation_active'), 0);
  fixed.send(1, 10);
  fixed.clock.advance(100);
  assert.equal(fixed.controller.limit, 5);
  const own = controllerWith({ measuringLimit: undefined, leastLimit: 7 });
  assert.deepEqual([own.gauge('min_rtt_calculation_active'), own.controller.limit], [1, 7]);
});

test('the limit is within its bounds whatever the latencies', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 10, maxLength: 80 }), (latencies) => {
      const { controller, clock, send } = controllerWith();
      for (const latency of latencies) {
        send(1, latency);
        clock.advance(60);
        assert.ok(controller.limit >= 3 && controller.limit <= 100);
      }
      controller.close();
      assert.equal(clock.pending, 0);
    }),
  );
});

test('a quantile is one of the samples, with its share at or below it', () => {
  const samples = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(samples, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, quantile) => {
      const window = new LatencySamples();
      for (const value of values) window.add(value);
      const taken = window.take(quantile);
      assert.ok(values.includes(taken));
      assert.ok(values.filter((value) => value <= taken).length >= quantile * values.length - 1e-9);
      assert.equal(window.count, 0);
    }),
  );
});
