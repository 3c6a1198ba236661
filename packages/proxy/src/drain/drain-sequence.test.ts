import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, seededDice } from '@meltemi/base';
import fc from 'fast-check';
import { DrainSequence } from './drain-sequence.ts';
import { ProcessDrain } from './process-drain.ts';

const COUNT = 2000;

function share(drain: DrainSequence): number {
  return Array.from({ length: COUNT }, () => drain.closes()).filter(Boolean).length / COUNT;
}

test('gradual: the part of the time that is over is the part of the responses that close', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 2, noNaN: true }), fc.nat(), (part, seed) => {
      const clock = new ManualClock();
      const drain = new DrainSequence({ timeMs: 1000, strategy: 'gradual' }, clock, seededDice(seed));
      assert.equal(share(drain), 0);
      drain.begin();
      clock.advance(part * 1000);
      drain.begin();
      assert.ok(Math.abs(share(drain) - Math.min(1, part)) < 0.08);
    }),
    { numRuns: 50 },
  );
});

test('immediate: every response closes from the beginning on', () => {
  const drain = new DrainSequence({ timeMs: 1000, strategy: 'immediate' }, new ManualClock(), seededDice(1));
  assert.equal(share(drain), 0);
  drain.begin();
  assert.equal(share(drain), 1);
});

test('a drain of inbound listeners leaves the others alone, failed health none', () => {
  const drain = new ProcessDrain({ timeMs: 1000, strategy: 'immediate' }, new ManualClock(), seededDice(1));
  const [inbound, other] = [drain.decision(true), drain.decision(false)];
  drain.healthFailed = true;
  assert.deepEqual([inbound.closes(), other.closes()], [true, true]);
  drain.healthFailed = false;
  drain.begin(true);
  assert.deepEqual([inbound.closes(), other.closes()], [true, false]);
  drain.begin(false);
  assert.deepEqual([inbound.closes(), other.closes()], [true, true]);
});
