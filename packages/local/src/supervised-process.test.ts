import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger, systemClock } from '@meltemi/base';
import { OrphanGuard } from './orphan-guard.ts';
import { isAlive } from './process-identity.ts';
import { SupervisedProcess } from './supervised-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'supervised-'));
const guard = new OrphanGuard();
after(async () => {
  await guard.close();
  rmSync(directory, { recursive: true });
});

test('starts a killed process again, with its log going on', async () => {
  const supervised = script('restart', "console.log('started'); setInterval(() => {}, 1000)");
  const first = await start(supervised);
  const second = once(supervised, 'started');
  process.kill(first, 'SIGKILL');
  const [pid] = (await second) as [number];
  assert.notEqual(pid, first);
  assert.equal(supervised.restarts, 1);
  await supervised.stop(2_000);
  assert.ok(!isAlive(pid));
});

test('waits longer after each failure', async () => {
  const supervised = script('failing', 'process.exit(3)');
  const delays: number[] = [];
  supervised.on('restarting', (reason, delayMs) => {
    assert.equal(reason, 'exit code 3');
    delays.push(delayMs);
  });
  supervised.start();
  while (delays.length < 3) await once(supervised, 'restarting');
  await supervised.stop(1_000);
  assert.deepEqual(delays, [100, 200, 400]);
});

test('kills the whole group of a process that ignores its end', async () => {
  const code = `process.on('SIGTERM', () => {});
    const child = require('node:child_process').spawn('sleep', ['60']); console.log(child.pid); setInterval(() => {}, 1000); process.send('up')`;
  const supervised = script('stubborn', code, true);
  const said = once(supervised, 'message');
  const pid = await start(supervised);
  await said;
  await supervised.stop(100);
  const grandchild = Number(/^(\d+)$/m.exec(readFileSync(join(directory, 'stubborn.log'), 'utf8'))![1]);
  assert.ok(!isAlive(pid));
  assert.ok(!isAlive(grandchild));
});

test('a program that does not exist is an end like others', async () => {
  const spec = { ...specOf('absent', ''), argv: ['/nonexistent/program'] };
  const supervised = new SupervisedProcess(spec, systemClock(), silentLogger, guard);
  const [reason] = await Promise.all([once(supervised, 'restarting'), Promise.resolve(supervised.start())]);
  assert.match(String(reason[0]), /ENOENT/);
  await supervised.stop(1_000);
});

function script(name: string, code: string, channel = false): SupervisedProcess {
  return new SupervisedProcess({ ...specOf(name, code), channel }, systemClock(), silentLogger, guard);
}

function specOf(name: string, code: string) {
  const argv = [process.execPath, '-e', code];
  return { name, argv, env: {}, cwd: directory, logFile: join(directory, `${name}.log`), channel: false };
}

async function start(supervised: SupervisedProcess): Promise<number> {
  const started = once(supervised, 'started');
  supervised.start();
  return ((await started) as [number])[0];
}
