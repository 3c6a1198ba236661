// The debug pages say what the control plane knows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, systemClock } from '@meltemi/base';
import { RegistryStore } from '@meltemi/registry';
import { DiscoveryServer } from '../discovery-server.ts';
import { DEFAULT_MESH } from '../mesh.ts';
import { BOOKINFO, YamlStore } from '../test-world.ts';
import { isLoopback } from '../viewer.ts';
import { debugApp } from './debug-app.ts';
import { DebugPages } from './debug-pages.ts';
import { metricsApp } from './metrics-app.ts';

const OF_PROXIES = ['config_dump', 'cdsz', 'edsz', 'ecdsz', 'ndsz'];

async function served() {
  const config = await YamlStore.open(...BOOKINFO);
  const registry = new RegistryStore({ config, domain: 'cluster.local' });
  const server = new DiscoveryServer({
    config,
    registry,
    mesh: DEFAULT_MESH,
    clock: systemClock(),
    logger: silentLogger,
  });
  let ready = false;
  const pages = new DebugPages({ server, meshConfig: () => ({ trustDomain: 'cluster.local' }) });
  const app = debugApp({
    pages,
    ready: () => ready,
    version: '0.0.1',
    rootNamespace: 'istio-system',
    authenticate: (authorization) =>
      Promise.resolve(authorization === undefined ? undefined : { namespace: authorization }),
  });
  const get = async (path: string, from = '127.0.0.1', authorization?: string) => {
    const env = { incoming: { socket: { remoteAddress: from } } };
    const headers = authorization === undefined ? {} : { authorization };
    const response = await app.request(path, { headers }, env);
    return { status: response.status, body: await response.text() };
  };
  return { server, app, pages, get, become: () => (ready = true) };
}

test('not ready until every port serves', async () => {
  const { get, become } = await served();
  assert.equal((await get('/ready')).status, 503);
  become();
  assert.deepEqual(await get('/ready'), { status: 200, body: '' });
});

test('every page is JSON', async () => {
  const { get } = await served();
  const names = JSON.parse((await get('/debug/list')).body) as string[];
  const general = names.filter((name) => !OF_PROXIES.includes(name) && name !== 'inject');
  assert.ok(general.length > 15, general.join());
  for (const page of general) {
    const { status, body } = await get(`/debug/${page}`);
    assert.equal(status, 200, page);
    JSON.parse(body);
  }
  assert.equal((await get('/debug/nothing')).status, 404);
});

test('pages of a proxy want its name, and know when it is not connected', async () => {
  const { get } = await served();
  for (const page of OF_PROXIES) {
    assert.equal((await get(`/debug/${page}`)).status, 400);
    assert.equal((await get(`/debug/${page}?proxyID=nobody.default`)).status, 404);
  }
});

test('who is not on this machine shows who he is, and sees what is his', async () => {
  const { get } = await served();
  const elsewhere = '10.0.0.7';
  assert.equal((await get('/debug/syncz', elsewhere)).status, 401);
  assert.equal((await get('/debug/syncz', elsewhere, 'istio-system')).status, 200);
  assert.equal((await get('/debug/syncz', '::ffff:127.0.0.1')).status, 200);
  for (const page of ['syncz', 'configz', 'nothing']) {
    assert.equal((await get(`/debug/${page}`, elsewhere, 'default')).status, 403, page);
  }
  assert.equal((await get('/debug/edsz?proxyID=nobody.default', elsewhere, 'default')).status, 404);
});

test('only addresses of loopback are of this machine', () => {
  for (const address of [
    '127.0.0.1',
    '127.0.0.1:80',
    '127.8.8.8',
    '::1',
    '[::1]:80',
    '::ffff:127.0.0.1',
    '[::ffff:127.0.0.1]:80',
  ]) {
    assert.ok(isLoopback(address), address);
  }
  for (const address of [
    '',
    '10.127.0.1',
    '127.0.0.1.evil',
    '::2',
    '1.127.0.0.1',
    'localhost',
    '[::10]:80',
    '127.0.0.1:80:9',
  ]) {
    assert.ok(!isLoopback(address), address);
  }
});

test('metrics count services', async () => {
  const { server, app } = await served();
  const response = await metricsApp(server, '0.0.1', app).request('/metrics');
  assert.match(await response.text(), /^pilot_services 3$/m);
});
