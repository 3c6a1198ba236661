// Lists from a URL, from the server that holds them to the answers of Mixer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';

import { listUrl } from '../adapters/fetch-list.ts';

import { type MixerWorld, mixerWorld } from './mixer-world.fixture.ts';

const policy = (url: string, more = '') => `
apiVersion: config.istio.io/v1alpha2
kind: listchecker
metadata: {name: users, namespace: istio-system}
spec: {providerUrl: "${url}", refreshInterval: 10s, ttl: 30s, overrides: ["10.9.9.9"], entryType: IP_ADDRESSES${more}}
---
apiVersion: config.istio.io/v1alpha2
kind: listentry
metadata: {name: user, namespace: istio-system}
spec: {value: source.ip | ip("0.0.0.0")}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: known, namespace: istio-system}
spec: {actions: [{handler: users.listchecker, instances: [user.listentry]}]}
`;

/** Asks until the answer is the one that is waited for; the test's deadline ends it otherwise. */
async function until(mixer: MixerWorld, lastByte: number, code: number, between = () => {}): Promise<void> {
  for (;;) {
    const { precondition } = await mixer.check({ 'source.ip': Uint8Array.of(10, 0, 0, lastByte) });
    if (precondition!.status!.code === code) return;
    between();
  }
}

test('a list is read, read again, and holds on while it can not be', { timeout: 20_000 }, async () => {
  let [list, status] = ['10.0.0.1\n10.0.0.16/28\n', 200];
  const server = createServer((_, response) => response.writeHead(status).end(list)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using mixer = await mixerWorld(policy(`http://127.0.0.1:${(server.address() as AddressInfo).port}/list`));
  await until(mixer, 1, 0);
  await until(mixer, 17, 0);
  await until(mixer, 2, 5);
  list = 'whitelist:\n- 10.0.0.2\n';
  mixer.clock.advance(10_000);
  await until(mixer, 2, 0);
  await until(mixer, 1, 5);
  list = 'not an address\n';
  mixer.clock.advance(10_000);
  await until(mixer, 2, 0);
  status = 500;
  await until(mixer, 2, 14, () => mixer.clock.advance(5000));
  const { precondition } = await mixer.check({});
  assert.deepEqual([precondition!.validDuration!.seconds, precondition!.validUseCount], [0n, 0]);
  server.close();
  server.closeAllConnections();
});

test('URLs that lead where a list can not be are refused', async () => {
  const refused = [
    'ftp://a/b',
    'file:///etc/passwd',
    'x',
    'http://169.254.169.254/latest',
    'http://[fe80::1]/',
    'http://a:b@c/',
  ];
  for (const text of [...refused, 'http://[::ffff:169.254.1.1]/', 'http://2852039166/'])
    assert.equal(typeof listUrl(text), 'string', text);
  assert.ok(listUrl('https://lists.example.com/a') instanceof URL);
  await using mixer = await mixerWorld(policy('http://169.254.169.254/', ', blacklist: true'));
  assert.match(mixer.server.policy.current.problems[0]!.message, /providerUrl must not lead to an address of one link/);
});
