// What the rules do to connections: a pod and a peer, each a network namespace, joined by a cable.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';

import { applyPlan } from './apply-plan.ts';
import { networkNamespace, reasonAgainstNamespaces, runIn } from './network-namespace.testing.ts';
import { redirectCommand } from './redirect-flags.ts';
import { redirectPlan } from './redirect-plan.ts';

const POD = '10.9.0.1';
const PEER = '10.9.0.2';
const SIDECAR_UID = '1337';

/** Servers that say their name to everyone who connects; the process says "ready" once. */
const SERVERS = `
const servers = JSON.parse(process.argv[1]);
let open = 0;
for (const [port, name] of Object.entries(servers)) {
  require('node:net').createServer((socket) => socket.on('error', () => {}).end(name)).listen(Number(port), '0.0.0.0', () => {
    if (++open === Object.keys(servers).length) console.log('ready');
  });
}`;
const CLIENT = `
const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1]);
socket.on('error', (error) => console.log(error.code)).on('data', (data) => console.log(String(data)));`;

const cannot = reasonAgainstNamespaces();

for (const [name, args, inbound] of [
  ['by the rules of today', ['-b', '*', '-d', '15020', '-i', '*'], 'inbound'],
  ['by the rules of Istio 0.2', ['--rules-of-0.2'], 'outbound'],
] as const) {
  test(`connections of a pod meet its sidecar ${name}`, { skip: cannot }, async (context) => {
    const { pod, peer } = joinedNamespaces(context);
    await listen(context, pod, { 15001: 'outbound', 15006: 'inbound', 9080: 'application', 15020: 'metrics' });
    await listen(context, peer, { 80: 'peer' });
    assert.equal(talk(pod, PEER, 80), 'peer');
    const host = { env: {}, hasIpv6: () => false, nameServers: () => [] };
    await applyPlan(redirectPlan(redirectCommand('istio-iptables', args, host)), runIn(pod));

    assert.equal(talk(pod, PEER, 80), 'outbound', 'what the application sends');
    assert.equal(talk(pod, PEER, 80, SIDECAR_UID), 'peer', 'what the sidecar sends');
    assert.equal(talk(peer, POD, 9080), inbound, 'what comes in');
    assert.equal(talk(pod, '127.0.0.1', 9080), 'application', 'what the application says to itself');
    assert.equal(talk(pod, '127.0.0.1', 9080, SIDECAR_UID), 'application', 'what the sidecar says to it');
    if (inbound === 'inbound') assert.equal(talk(peer, POD, 15_020), 'metrics', 'a port that is excluded');
  });
}

function joinedNamespaces(context: TestContext) {
  const [pod, peer] = [networkNamespace(context), networkNamespace(context)];
  ip('-n', pod, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', peer);
  for (const [namespace, address] of [
    [pod, POD],
    [peer, PEER],
  ] as const) {
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  }
  return { pod, peer };
}

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

async function listen(
  context: TestContext,
  namespace: string,
  servers: Readonly<Record<number, string>>,
): Promise<ChildProcess> {
  const args = ['netns', 'exec', namespace, process.execPath, '-e', SERVERS, JSON.stringify(servers)];
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

/** The name of who answers. */
function talk(namespace: string, host: string, port: number, uid = '0'): string {
  const user = ['setpriv', '--reuid', uid, '--regid', uid, '--clear-groups'];
  const args = ['netns', 'exec', namespace, ...user, process.execPath, '-e', CLIENT, host, String(port)];
  return spawnSync('ip', args, { encoding: 'utf8', timeout: 10_000 }).stdout.trim();
}
