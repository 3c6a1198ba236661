// Lone events go at once, storms go as few.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import fc from 'fast-check';
import { HoldOff } from './hold-off.ts';

function started() {
  const clock = new ManualClock();
  const went: number[] = [];
  const holdOff = new HoldOff({ clock, quietMs: () => 10, maxMs: 200, go: () => went.push(clock.now()) });
  return { clock, went, holdOff };
}

test('a lone event goes at once', () => {
  const { clock, went, holdOff } = started();
  holdOff.event();
  clock.advance(1000);
  holdOff.event();
  clock.advance(1000);
  assert.deepEqual(went, [0, 1000]);
});

test('events after the first wait until it is quiet', () => {
  const { clock, went, holdOff } = started();
  holdOff.event();
  for (let step = 0; step < 5; step++) {
    clock.advance(4);
    holdOff.event();
  }
  clock.advance(100);
  assert.deepEqual(went, [0, 30]);
});

test('a storm goes at least each 200 ms', () => {
  const { clock, went, holdOff } = started();
  for (let step = 0; step < 500; step++) {
    holdOff.event();
    clock.advance(1);
  }
  clock.advance(100);
  assert.deepEqual(went, [0, 201, 401, 509]);
});

test('nothing goes after close', () => {
  const { clock, went, holdOff } = started();
  holdOff.event();
  holdOff.event();
  holdOff.close();
  clock.advance(100);
  holdOff.event();
  assert.deepEqual(went, [0]);
});

test('no event is lost, none waits longer than the maximum, and none goes twice within the quiet time', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 200 }), (gaps) => {
      const { clock, went, holdOff } = started();
      const events: number[] = [];
      for (const gap of gaps) {
        clock.advance(gap);
        events.push(clock.now());
        holdOff.event();
      }
      clock.advance(1000);
      for (const event of events) assert.ok(went.some((at) => at >= event && at <= event + 200));
      for (const [index, at] of went.slice(1).entries()) assert.ok(at - went[index]! >= 10);
    }),
  );
});
