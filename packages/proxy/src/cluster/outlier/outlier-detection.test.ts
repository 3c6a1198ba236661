// Holds outlier detection to Envoy's rules of ejection and return.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualClock, seededDice } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import type { OutlierSettings } from '../settings/outlier-settings.ts';
import { OutlierDetection } from './outlier-detection.ts';
import { OutlierState } from './outlier-state.ts';
import { outlierStats } from './outlier-stats.ts';

const SETTINGS: OutlierSettings = {
  intervalMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionMs: 300_000,
  maxEjectionJitterMs: 0,
  maxEjectionPercent: 100,
  alwaysEjectOne: false,
  checkReadmits: true,
  splitLocalOrigin: false,
  consecutive: { consecutive_5xx: 3, consecutive_gateway_failure: 2, consecutive_local_origin_failure: 2 },
  enforcing: {
    consecutive_5xx: 100,
    consecutive_gateway_failure: 0,
    consecutive_local_origin_failure: 100,
    success_rate: 100,
    local_origin_success_rate: 100,
    failure_percentage: 100,
    local_origin_failure_percentage: 100,
  },
  successRate: { minimumHosts: 5, requestVolume: 100, deviations: 1.9 },
  failurePercentage: { minimumHosts: 3, requestVolume: 50, threshold: 85 },
};

function detector(count: number, overrides: Partial<OutlierSettings> = {}) {
  const clock = new ManualClock(1);
  const hosts = Array.from({ length: count }, (_, at) => ({ text: `10.0.0.1:${at}`, outlier: new OutlierState() }));
  const stats = outlierStats(new StatsStore().scope('cluster', { cluster_name: 'c' }));
  let changes = 0;
  const detection = new OutlierDetection({
    cluster: 'c',
    settings: { ...SETTINGS, ...overrides },
    stats,
    clock,
    dice: seededDice(1),
    hosts: () => hosts,
    onChange: () => changes++,
    onEject: () => {},
  });
  const fail = (index: number, status: number, times: number) => {
    for (let time = 0; time < times; time++) detection.record(hosts[index]!, status);
  };
  const ejected = () => hosts.map((host) => host.outlier.ejected);
  return { clock, hosts, stats, detection, fail, ejected, changes: () => changes };
}

it('ejects a host after the run of 5xx, and not when a success comes between', () => {
  const { fail, detection, hosts, ejected, stats, changes } = detector(2);
  fail(0, 500, 2);
  detection.record(hosts[0]!, 200);
  fail(0, 500, 2);
  assert.deepEqual(ejected(), [false, false]);
  fail(0, 500, 1);
  assert.deepEqual(ejected(), [true, false]);
  assert.deepEqual([stats.enforced.consecutive_5xx.value, stats.active.value, changes()], [1, 1, 1]);
});

it('counts failures before a response like 5xx', () => {
  const { detection, hosts, ejected } = detector(1);
  detection.record(hosts[0]!, 'local-failure');
  detection.record(hosts[0]!, 'timeout');
  detection.record(hosts[0]!, 500);
  assert.deepEqual(ejected(), [true]);
});

it('counts them apart where that is asked for', () => {
  const { detection, hosts, ejected } = detector(1, {
    splitLocalOrigin: true,
    consecutive: { ...SETTINGS.consecutive, consecutive_5xx: 2 },
  });
  detection.record(hosts[0]!, 500);
  detection.record(hosts[0]!, 'local-failure');
  assert.deepEqual(ejected(), [false]);
  detection.record(hosts[0]!, 'timeout');
  assert.deepEqual(ejected(), [true]);
});

it('detects gateway failures without ejecting while they are not enforced', () => {
  const { fail, ejected, stats } = detector(1);
  fail(0, 503, 2);
  assert.deepEqual([ejected(), stats.detected.consecutive_gateway_failure.value], [[false], 1]);
});

it('lets a host back after its time, longer for each ejection in a row', () => {
  const { fail, clock, ejected, stats } = detector(1);
  fail(0, 500, 3);
  clock.advance(29_999);
  assert.deepEqual(ejected(), [true]);
  clock.advance(1);
  assert.deepEqual([ejected(), stats.active.value], [[false], 0]);
  fail(0, 500, 3);
  clock.advance(50_000);
  assert.deepEqual(ejected(), [true]);
  clock.advance(10_000);
  assert.deepEqual(ejected(), [false]);
});

it('never ejects more than the allowed share', () => {
  const { fail, ejected, stats } = detector(4, { maxEjectionPercent: 50 });
  for (const index of [0, 1, 2]) fail(index, 500, 3);
  assert.deepEqual([ejected(), stats.overflow.value], [[true, true, false, false], 1]);
});

it('ejects one host whatever the share, where that is asked for', () => {
  const few = detector(2, { maxEjectionPercent: 10 });
  few.fail(0, 500, 3);
  assert.deepEqual(few.ejected(), [false, false]);
  const one = detector(2, { maxEjectionPercent: 10, alwaysEjectOne: true });
  one.fail(0, 500, 3);
  one.fail(1, 500, 3);
  assert.deepEqual(one.ejected(), [true, false]);
});

it('lets everybody back in when it stops', () => {
  const { fail, detection, ejected, clock } = detector(1);
  fail(0, 500, 3);
  detection.close();
  assert.deepEqual([ejected(), clock.pending], [[false], 0]);
});

/** Each host's requests within an interval: how many succeed of how many, failures never in a row. */
function serve({ detection, hosts }: ReturnType<typeof detector>, rates: readonly number[], total: number): void {
  for (const [index, rate] of rates.entries()) {
    for (let count = 0; count < total; count++) detection.record(hosts[index]!, count < rate * total ? 200 : 500);
  }
}

it('ejects the host whose success rate is far below the others', () => {
  const settings = {
    consecutive: { ...SETTINGS.consecutive, consecutive_5xx: 0 },
    failurePercentage: { ...SETTINGS.failurePercentage, threshold: 100 },
  };
  const watched = detector(6, settings);
  serve(watched, [1, 1, 0.98, 1, 0.5, 1], 100);
  assert.equal(watched.ejected().includes(true), false);
  watched.clock.advance(10_000);
  assert.deepEqual(watched.ejected(), [false, false, false, false, true, false]);
  assert.equal(watched.hosts[4]!.outlier.rates.responses, 50);
  assert.equal(watched.stats.enforced.success_rate.value, 1);
  const few = detector(6, settings);
  serve(few, [1, 1, 0.98, 1, 0.5, 1], 99);
  few.clock.advance(10_000);
  assert.equal(few.ejected().includes(true), false);
});

it('ejects the host that fails more than the allowed share', () => {
  const watched = detector(3, { consecutive: { ...SETTINGS.consecutive, consecutive_5xx: 0 } });
  serve(watched, [1, 0.16, 0.15], 100);
  watched.clock.advance(10_000);
  assert.deepEqual(watched.ejected(), [false, false, true]);
  assert.equal(watched.stats.detected.failure_percentage.value, 1);
});

it('lets a host back that passes its health check', () => {
  const { fail, detection, hosts, ejected } = detector(1);
  fail(0, 500, 3);
  detection.checked(hosts[0]!);
  assert.deepEqual(ejected(), [false]);
});
