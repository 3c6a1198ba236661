// A pod and its peer as network namespaces joined by a cable, with servers, a proxy and clients in them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@bufbuild/protobuf';
import { networkNamespace } from '../../packages/inject/src/iptables/network-namespace.testing.ts';

const PROXY = fileURLToPath(import.meta.resolve('../../bin/proxy.ts'));

/** HTTP servers that answer with their name, the host that was asked for and the path; the process says "ready" once. */
const SERVERS = `
const servers = JSON.parse(process.argv[1]);
let open = 0;
for (const [port, name] of Object.entries(servers)) {
  require('node:http').createServer((request, response) => {
    const host = request.headers.host.includes(':') ? request.headers.host : request.headers.host + ':80';
    response.end(name + ' ' + host + ' ' + request.url);
  }).listen(Number(port), '0.0.0.0', () => {
    if (++open === Object.keys(servers).length) console.log('ready');
  });
}`;

export function joinedNamespaces(context: TestContext, podAddress: string, peerAddress: string) {
  const [pod, peer] = [networkNamespace(context), networkNamespace(context)];
  ip('-n', pod, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', peer);
  for (const [namespace, address] of [
    [pod, podAddress],
    [peer, peerAddress],
  ] as const) {
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  }
  return { pod, peer };
}

/** HTTP servers by port. */
export async function serveIn(
  context: TestContext,
  namespace: string,
  servers: Readonly<Record<number, string>>,
): Promise<void> {
  const args = ['netns', 'exec', namespace, process.execPath, '-e', SERVERS, JSON.stringify(servers)];
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
}

/** Our proxy in the group that the rules leave alone; resolves when it listens. */
export async function startProxyIn(context: TestContext, namespace: string, bootstrap: JsonObject): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'intercepted-'));
  const file = join(directory, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const proxy = [process.execPath, PROXY, '-c', file, '-l', 'error', '--concurrency', '1'];
  const group = ['setpriv', '--regid', '1337', '--clear-groups'];
  const child = spawn('ip', ['netns', 'exec', namespace, ...group, ...proxy], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  context.after(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  });
  const ended = exited.then(([code]) => Promise.reject(new Error(`the proxy ended with ${code}`)));
  await Promise.race([once(child, 'message'), ended]);
}

export interface Answer {
  readonly status: number;
  /** Which of the proxy's listeners answered; empty: none that speaks HTTP. */
  readonly via: string;
  readonly body: string;
}

/** What curl hears, as root or as another user. */
export async function curl(namespace: string, url: string, uid = '0'): Promise<Answer> {
  const user = ['setpriv', '--reuid', uid, '--regid', uid, '--clear-groups'];
  const format = String.raw`\n%{http_code} %header{x-via}`;
  const args = ['netns', 'exec', namespace, ...user, 'curl', '-s', '-S', '-m', '10', '-w', format, url];
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  const [body = '', status = '', via = ''] = Buffer.concat(chunks)
    .toString()
    .split(/\n|(?<=\n\d+) /);
  return { status: Number(status), via, body };
}

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
