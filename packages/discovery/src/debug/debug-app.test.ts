// The debug pages say what the control plane knows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, systemClock } from '@meltemi/base';
import { RegistryStore } from '@meltemi/registry';
import { DiscoveryServer } from '../discovery-server.ts';
import { DEFAULT_MESH } from '../mesh.ts';
import { BOOKINFO, YamlStore } from '../test-world.ts';
import { debugApp } from './debug-app.ts';
import { metricsApp } from './metrics-app.ts';

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
  const app = debugApp(server, { ready: () => ready, version: '0.0.1' });
  const get = async (path: string) => {
    const response = await app.request(path);
    return { status: response.status, body: await response.text() };
  };
  return { server, get, become: () => (ready = true) };
}

test('not ready until every port serves', async () => {
  const { get, become } = await served();
  assert.equal((await get('/ready')).status, 503);
  become();
  assert.deepEqual(await get('/ready'), { status: 200, body: '' });
});

test('every page is JSON', async () => {
  const { get } = await served();
  for (const page of ['syncz', 'adsz', 'registryz', 'endpointz', 'configz', 'problems', 'push_status']) {
    const { status, body } = await get(`/debug/${page}`);
    assert.equal(status, 200, page);
    JSON.parse(body);
  }
});

test('pages of a proxy want its name, and know when it is not connected', async () => {
  const { get } = await served();
  for (const page of ['config_dump', 'cdsz', 'edsz']) {
    assert.equal((await get(`/debug/${page}`)).status, 400);
    assert.equal((await get(`/debug/${page}?proxyID=nobody.default`)).status, 404);
  }
});

test('metrics count services', async () => {
  const { server } = await served();
  const response = await metricsApp(server, '0.0.1').request('/metrics');
  assert.match(await response.text(), /^pilot_services 3$/m);
});
