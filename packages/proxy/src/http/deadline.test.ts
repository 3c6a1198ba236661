import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { Deadline } from './deadline.ts';

test('a deadline that moves later costs one timer and passes once, at its last time', () => {
  const clock = new ManualClock(1000);
  const passed: number[] = [];
  const deadline = new Deadline(clock, () => passed.push(clock.monotonic()));
  deadline.set(1100);
  for (let due = 1150; due <= 1500; due += 50) deadline.set(due);
  assert.equal(clock.pending, 1);
  clock.advance(1000);
  assert.deepEqual(passed, [1500]);
});

test('an earlier deadline is kept, a cleared one never passes', () => {
  const clock = new ManualClock(1000);
  const passed: number[] = [];
  const deadline = new Deadline(clock, () => passed.push(clock.monotonic()));
  deadline.set(9000);
  deadline.set(1200);
  clock.advance(500);
  assert.deepEqual(passed, [1200]);
  deadline.set(2000);
  deadline.clear();
  clock.advance(5000);
  deadline.close();
  assert.deepEqual([passed, clock.pending], [[1200], 0]);
});
