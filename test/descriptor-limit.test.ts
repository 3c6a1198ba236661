// A proxy that has no descriptors left goes on serving what it has, does not spin, and takes connections again when there is room.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePorts } from './support/free-ports.ts';

const PROXY = fileURLToPath(import.meta.resolve('../bin/proxy.ts'));
const TYPE = 'type.googleapis.com/envoy.extensions.filters';
/** Fewer than the connections of the test, more than a proxy at rest has. */
const DESCRIPTORS = 100;
const REQUEST = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

const skip = hasPrlimit() ? false : 'there is no prlimit';

test('serves within its limit of descriptors', { skip, timeout: 40_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-limit-'));
  const [port] = (await freePorts(1)) as [number];
  await writeFile(join(folder, 'proxy.json'), JSON.stringify(bootstrapOf(port)));
  const args = [PROXY, '-c', join(folder, 'proxy.json'), '-l', 'error', '--concurrency', '1'];
  const child = spawn('prlimit', [`--nofile=${DESCRIPTORS}:${DESCRIPTORS}`, process.execPath, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  try {
    await once(child, 'message');
    const first = await ask(port);
    assert.equal(first.answer, '200');
    const crowd = await Promise.all(Array.from({ length: DESCRIPTORS * 2 }, () => ask(port)));
    assert.ok(
      crowd.some(({ answer }) => answer !== '200'),
      'the limit was not reached',
    );
    assert.equal(await again(first.socket), '200');
    const before = cpuTicks(child.pid!);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.ok(cpuTicks(child.pid!) - before < 50, 'the proxy spins');
    for (const { socket } of crowd) socket.destroy();
    while ((await ask(port)).answer !== '200');
    assert.equal(child.exitCode, null);
    first.socket.destroy();
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  }
});

interface Asked {
  readonly socket: Socket;
  /** The status, or why there is none. */
  readonly answer: string;
}

async function ask(port: number): Promise<Asked> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  return { socket, answer: await again(socket) };
}

/** An answer that doesn't come in time is none. */
async function again(socket: Socket): Promise<string> {
  socket.write(REQUEST);
  const signal = AbortSignal.timeout(2000);
  const answered = once(socket, 'data', { signal }).then(([chunk]) => String(chunk).split(' ')[1]!);
  const closed = once(socket, 'close', { signal }).then(() => 'closed');
  return Promise.race([answered, closed]).catch(() => 'none');
}

/** User and system time, in ticks of 10 ms. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function bootstrapOf(port: number): object {
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200 } }];
  const manager = {
    '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } }],
  };
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  const filter_chains = [{ filters: [{ name: 'http', typed_config: manager }] }];
  return { static_resources: { listeners: [{ name: 'in', address, filter_chains }] } };
}
