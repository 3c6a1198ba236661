import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { ManualClock } from '@meltemi/base';

import { watchDirectories } from './watch-directories.ts';

test('a burst of changes is told once, and changes in hidden directories are not', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'watch-'));
  const hidden = join(directory, '.mesh');
  mkdirSync(hidden);
  context.after(() => rmSync(directory, { recursive: true }));
  const clock = new ManualClock();
  let told = 0;
  const watching = watchDirectories([directory], clock, () => void told++);
  context.after(() => watching.close());
  // Events of one process come in one order: when a watcher that was added later has seen a change, so have all.
  const changeIn = async (path: string, change: () => void): Promise<void> => {
    const watcher = watch(path);
    const seen = once(watcher, 'change');
    change();
    await seen;
    watcher.close();
    await setImmediate();
  };
  const onlyThePoll = 1;

  await changeIn(hidden, () => writeFileSync(join(hidden, 'log'), 'line'));
  assert.equal(clock.pending, onlyThePoll);
  await changeIn(directory, () =>
    ['a', 'b', 'c'].forEach((name) => writeFileSync(join(directory, `${name}.yaml`), '')),
  );
  assert.equal(clock.pending, onlyThePoll + 1);
  clock.advance(20);
  assert.deepEqual([told, clock.pending], [1, onlyThePoll]);
});
