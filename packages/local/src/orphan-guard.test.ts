import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { OrphanGuard } from './orphan-guard.ts';

test('ends the groups that are left, and spares those that were taken off', async () => {
  const guard = new OrphanGuard();
  const left = sleeper();
  const spared = sleeper();
  guard.add(left.pid!);
  guard.add(spared.pid!);
  guard.remove(spared.pid!);
  const ended = once(left, 'exit');
  await guard.close();
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  assert.equal(spared.exitCode, null);
  assert.equal(spared.signalCode, null);
  process.kill(-spared.pid!, 'SIGKILL');
  await once(spared, 'exit');
});

test('kills what does not want to end', async () => {
  const guard = new OrphanGuard();
  const stubborn = spawn('/bin/sh', ['-c', "trap '' TERM; echo ready; while :; do sleep 1; done"], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(stubborn.stdout, 'data');
  guard.add(stubborn.pid!);
  const ended = once(stubborn, 'exit');
  await guard.close();
  assert.deepEqual(await ended, [null, 'SIGKILL']);
});

function sleeper() {
  return spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
}
