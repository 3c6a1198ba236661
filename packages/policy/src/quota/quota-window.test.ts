// What quota windows hold to, whatever is asked and whenever.
import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { FixedAmount, FixedWindow, type QuotaWindow, RollingWindow } from './quota-window.ts';

const LENGTH_MS = 1000;

interface Take {
  readonly afterMs: number;
  readonly amount: number;
  readonly bestEffort: boolean;
}

interface Taken extends Take {
  readonly atMs: number;
  readonly granted: number;
}

const maxAmount = fc.nat({ max: 20 });
const takes = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 3000 })),
    amount: fc.nat({ max: 25 }),
    bestEffort: fc.boolean(),
  }),
  { maxLength: 60 },
);

test('no more is granted than asked, all of it or nothing unless best effort', () => {
  fc.assert(
    fc.property(maxAmount, takes, fc.nat({ max: 2 }), (max, asked, kind) => {
      const window = [new FixedAmount(max), new FixedWindow(max, LENGTH_MS), new RollingWindow(max, LENGTH_MS)][kind]!;
      for (const { granted, amount, bestEffort } of run(window, asked)) {
        assert.ok(bestEffort ? granted >= 0 && granted <= amount : granted === amount || granted === 0);
      }
    }),
  );
});

test('a fixed amount is given out once', () => {
  fc.assert(
    fc.property(maxAmount, takes, (max, asked) => {
      const results = run(new FixedAmount(max), asked);
      assert.ok(total(results) <= max);
      assert.equal(new FixedAmount(max).take(max, false), max);
    }),
  );
});

test('a rolling window grants no more than the amount in any span of its length', () => {
  fc.assert(
    fc.property(maxAmount, takes, (max, asked) => {
      const results = run(new RollingWindow(max, LENGTH_MS), asked);
      for (const { atMs } of results) {
        const span = results.filter((other) => other.atMs > atMs - LENGTH_MS && other.atMs <= atMs);
        assert.ok(total(span) <= max);
      }
    }),
  );
});

test('a rolling window gives back what was taken one slot after its length at the latest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), takes, (max, asked) => {
      const window = new RollingWindow(max, LENGTH_MS);
      const endMs = run(window, asked).at(-1)?.atMs ?? 0;
      assert.equal(window.take(max, false, endMs + LENGTH_MS * (1 + 2 / 64)), max);
    }),
  );
});

test('a fixed window is full again when its time is over', () => {
  fc.assert(
    fc.property(maxAmount, takes, (max, asked) => {
      const window = new FixedWindow(max, LENGTH_MS);
      const results = run(window, asked);
      const endMs = (results.at(-1)?.atMs ?? 0) + LENGTH_MS;
      assert.equal(window.take(max, false, endMs), max);
      // A span of its length sees at most two windows.
      for (const { atMs } of results) {
        const span = results.filter((other) => other.atMs > atMs - LENGTH_MS && other.atMs <= atMs);
        assert.ok(total(span) <= 2 * max);
      }
    }),
  );
});

function run(window: QuotaWindow, asked: readonly Take[]): readonly Taken[] {
  let atMs = 1_000_000;
  return asked.map((take) => {
    atMs += take.afterMs;
    return { ...take, atMs, granted: window.take(take.amount, take.bestEffort, atMs) };
  });
}

function total(results: readonly Taken[]): number {
  return results.reduce((sum, { granted }) => sum + granted, 0);
}
