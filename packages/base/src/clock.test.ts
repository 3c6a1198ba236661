import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './clock.ts';

test('due timers run in order of their time, also those set meanwhile', () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b${clock.now()}`));
  clock.after(10, () => {
    seen.push(`a${clock.now()}`);
    clock.after(5, () => seen.push(`c${clock.now()}`));
  });
  clock.after(50, () => seen.push('late')).cancel();
  clock.advance(60);
  assert.deepEqual(seen, ['a10', 'c15', 'b20']);
  assert.equal(clock.now(), 60);
  assert.equal(clock.pending, 0);
});
