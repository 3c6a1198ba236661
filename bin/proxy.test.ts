import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROXY = fileURLToPath(import.meta.resolve('./proxy.ts'));
const ADMIN = '{admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}}';

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROXY, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

interface Started {
  readonly child: ChildProcess;
  readonly admin: string;
}

async function start(t: TestContext, ...flags: string[]): Promise<Started> {
  const args = [PROXY, '--config-yaml', ADMIN, '-l', 'off', '--drain-time-s', '1', '--concurrency', '1', ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  const [message] = (await once(child, 'message')) as [{ readonly ready: boolean; readonly adminPort: number }];
  assert.equal(message.ready, true);
  return { child, admin: `http://127.0.0.1:${message.adminPort}` };
}

test('validation says OK, or every problem', () => {
  assert.deepEqual(run('--mode', 'validate', '--config-yaml', ADMIN), {
    status: 0,
    stdout: "configuration '' OK\n",
    stderr: '',
  });
  const bad = run('--mode', 'validate', '--config-yaml', '{admin: {a: 1, b: 2}}');
  assert.deepEqual([bad.status, bad.stdout, bad.stderr.match(/has no field/g)?.length], [1, '', 2]);
});

test('an unknown flag is told and ends with 1', () => {
  const { status, stderr } = run('--no-such-flag');
  assert.equal(status, 1);
  assert.match(stderr, /no-such-flag/);
});

test('is ready by its own word, and ends on SIGTERM', async (t) => {
  const { child, admin } = await start(t);
  assert.equal((await fetch(`${admin}/ready`)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('several workers are one process: ready together, ended together', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'proxy-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'admin');
  const { child, admin } = await start(t, '--concurrency', '3', '--admin-address-path', path);
  assert.equal(`http://${readFileSync(path, 'utf8')}`, admin);
  const info = (await (await fetch(`${admin}/server_info`)).json()) as {
    command_line_options: { concurrency: number };
  };
  assert.equal(info.command_line_options.concurrency, 3);
  const exit = once(child, 'exit');
  await fetch(`${admin}/quitquitquit`, { method: 'POST' });
  assert.deepEqual(await exit, [0, null]);
});

test('ends when asked by /quitquitquit', async (t) => {
  const { child, admin } = await start(t);
  const exit = once(child, 'exit');
  await fetch(`${admin}/quitquitquit`, { method: 'POST' });
  assert.deepEqual(await exit, [0, null]);
});

test('ends when its parent is gone', async (t) => {
  const { child } = await start(t);
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
