// The program as it is started, with a small script in the place of the proxy.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startPilot, type TestPilot } from './pilot.fixture.ts';

const PROGRAM = fileURLToPath(new URL('../../../bin/pilot-agent.ts', import.meta.url));

/** Answers /ready on the admin port of its bootstrap, ends with its IPC channel or on SIGTERM. */
const SCRIPT = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const file = process.argv[process.argv.indexOf('-c') + 1];
const { port_value: port } = JSON.parse(readFileSync(file)).admin.address.socket_address;
createServer((request, response) => response.end('LIVE')).listen(port, '127.0.0.1');
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
`;

interface Report {
  readonly proxy: { readonly pid: number };
  readonly ready?: true;
}

async function startAgent(
  t: TestContext,
  pilot: TestPilot,
): Promise<{ readonly agent: ChildProcess; readonly next: () => Promise<Report> }> {
  const script = join(pilot.directory, 'proxy.mjs');
  await writeFile(script, SCRIPT);
  const flags = {
    discoveryAddress: `127.0.0.1:${pilot.address.port}`,
    discoveryRoots: pilot.rootsFile,
    tokenFile: pilot.tokenFile,
    proxyAdminPort: String(await freePort()),
    statusPort: '0',
    configPath: join(pilot.directory, 'agent'),
    binaryPath: script,
    drainDuration: '1s',
    podName: 'reviews-1',
    podNamespace: 'default',
    serviceAccount: 'reviews',
    labels: '{"app":"reviews"}',
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  const agent = spawn(process.execPath, [PROGRAM, 'proxy', 'sidecar', ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  t.after(() => agent.kill('SIGKILL'));
  return { agent, next: reports(agent) };
}

function reports(agent: ChildProcess): () => Promise<Report> {
  const seen: Report[] = [];
  const waiting: ((report: Report) => void)[] = [];
  agent.on('message', (message) => {
    const report = message as Report;
    const first = waiting.shift();
    if (first) first(report);
    else seen.push(report);
  });
  return () => {
    const report = seen.shift();
    return report ? Promise.resolve(report) : new Promise((resolve) => waiting.push(resolve));
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

/** Ended, and not yet buried by its new parent. */
function isZombie(pid: number): boolean {
  return existsSync('/proc/self/stat') && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

/** Resolves when the process is gone: its end can only be asked for, it is no child of ours. */
async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 5000;
  while (isAlive(pid)) {
    assert.ok(Date.now() < deadline, `process ${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

test('starts its proxy, says when it is ready, starts it again when it dies, and drains on SIGTERM', async (t) => {
  const pilot = await startPilot();
  t.after(() => pilot.close());
  const { agent, next } = await startAgent(t, pilot);
  const first = await next();
  assert.deepEqual(await next(), { proxy: first.proxy, ready: true });
  process.kill(first.proxy.pid, 'SIGKILL');
  const second = await next();
  assert.notEqual(second.proxy.pid, first.proxy.pid);
  const end = exited(agent);
  agent.kill('SIGTERM');
  assert.equal(await end, 0);
  await gone(second.proxy.pid);
  assert.equal(existsSync(join(pilot.directory, 'agent', 'XDS')), false);
});

test('leaves no orphan when it is killed', async (t) => {
  const pilot = await startPilot();
  t.after(() => pilot.close());
  const { agent, next } = await startAgent(t, pilot);
  const { proxy } = await next();
  await next();
  agent.kill('SIGKILL');
  await gone(proxy.pid);
});

test('ends with its parent', async (t) => {
  const pilot = await startPilot();
  t.after(() => pilot.close());
  const { agent, next } = await startAgent(t, pilot);
  const { proxy } = await next();
  await next();
  const end = exited(agent);
  agent.disconnect();
  assert.equal(await end, 0);
  await gone(proxy.pid);
});

test('says what is wrong with its command line', async () => {
  const agent = spawn(process.execPath, [PROGRAM, 'proxy', 'sidecar', '--nonsense'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  agent.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  assert.equal(await exited(agent), 1);
  assert.match(errors, /^pilot-agent: Unknown option '--nonsense'/);
});
