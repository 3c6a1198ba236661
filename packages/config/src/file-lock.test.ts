import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { systemClock } from '@meltemi/base';

import { withFileLock } from './file-lock.ts';

function lockPath(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'lock-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return { directory, path: join(directory, '.lock') };
}

test('one holds the lock at a time, and nothing is left behind', async (context) => {
  const { directory, path } = lockPath(context);
  let [inside, most, count] = [0, 0, 0];
  const step = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    const seen = count;
    await setImmediate();
    count = seen + 1;
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withFileLock(path, systemClock(), step)));
  assert.deepEqual([most, count, readdirSync(directory)], [1, 8, []]);
});

test('a lock whose holder is gone is taken over, by one of many', async (context) => {
  const { directory, path } = lockPath(context);
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(path, `${pid} 0`);
  let inside = 0;
  const step = async (): Promise<void> => {
    assert.equal(++inside, 1);
    await setImmediate();
    inside--;
  };
  await Promise.all(Array.from({ length: 4 }, () => withFileLock(path, systemClock(), step)));
  assert.deepEqual(readdirSync(directory), []);
});

test('a lock that an earlier process of the same id left behind is taken over', async (context) => {
  const { path } = lockPath(context);
  writeFileSync(path, `${process.pid} earlier`);
  assert.equal(await withFileLock(path, systemClock(), () => Promise.resolve('mine')), 'mine');
});

test('who waits too long is told who holds the lock', async (context) => {
  const { path } = lockPath(context);
  writeFileSync(path, `${process.ppid} 0`);
  const clock = { ...systemClock() };
  let now = 0;
  const hurried = {
    ...clock,
    monotonic: () => now,
    after: (_ms: number, call: () => void) => {
      now += 5000;
      return clock.after(0, call);
    },
  };
  await assert.rejects(
    withFileLock(path, hurried, () => Promise.resolve()),
    { code: 'locked', holder: process.ppid },
  );
});
