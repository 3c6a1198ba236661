import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { ManualClock, systemClock } from './clock.ts';

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

test('a timer of centuries waits, and can be cancelled', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const clock = systemClock();
  let rung = 0;
  clock.after(3 * 2 ** 31, () => rung++);
  const cancelled = clock.after(3 * 2 ** 31, () => rung++);
  mock.timers.tick(2 ** 31);
  cancelled.cancel();
  mock.timers.tick(2 ** 31);
  assert.equal(rung, 0);
  for (let tick = 0; tick < 2; tick++) mock.timers.tick(2 ** 31);
  assert.equal(rung, 1);
});
