// Platforms to one view, and a store that follows them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRegistry, RegistryStore } from './registry-store.ts';
import { podYaml, storeOf, viewOf } from './test-view.ts';

const WEB = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, clusterIP: 10.1.0.1, ports: [{name: http, port: 80, targetPort: web}, {name: tcp, port: 81, targetPort: 8001}]}`;
const HOST = 'web.default.svc.cluster.local';

async function registryOf(...yaml: readonly string[]) {
  return readRegistry({ config: storeOf(await viewOf(...yaml)), domain: 'cluster.local' });
}

const addresses = (registry: Awaited<ReturnType<typeof registryOf>>, host: string, port: number) =>
  registry.instances(host, port).map(({ address }) => `${address.host}:${address.port}`);

test('a service leads to its ready pods, by the number or name of their port', async () => {
  const registry = await registryOf(WEB, podYaml('a'), podYaml('b', { ready: false }));
  assert.deepEqual(addresses(registry, HOST, 80), ['10.0.0.1:8000']);
  assert.deepEqual(addresses(registry, HOST, 81), ['10.0.0.1:8001']);
  assert.deepEqual(registry.service(HOST)?.serviceAccounts, ['web-a', 'web-b']);
  assert.deepEqual(
    registry.workloads.map(({ name, ready }) => [name, ready]),
    [
      ['a', true],
      ['b', false],
    ],
  );
});

test('a pod without the named port is no endpoint of it', async () => {
  const registry = await registryOf(WEB, podYaml('a', { ports: '[{containerPort: 8000}]' }));
  assert.deepEqual(addresses(registry, HOST, 80), []);
});

test('a pod with a shared network is reached where its sidecar listens', async () => {
  const annotations = `{mesh.meltemi.io/ports: '{"inbound":{"8000":{"listen":"127.0.0.1:20011","app":"127.0.0.1:20012"}}}'}`;
  const registry = await registryOf(WEB, podYaml('a', { annotations }));
  assert.deepEqual(addresses(registry, HOST, 80), ['127.0.0.1:20011']);
  assert.deepEqual(registry.problems, []);
});

test('a placement that cannot be read is said, and the pod goes by its address', async () => {
  const registry = await registryOf(WEB, podYaml('a', { annotations: "{mesh.meltemi.io/ports: 'x'}" }));
  assert.deepEqual(addresses(registry, HOST, 80), ['10.0.0.1:8000']);
  assert.deepEqual(
    registry.problems.map(({ code, resource }) => [code, resource?.name]),
    [['MEL0201', 'a']],
  );
});

test('an entry is a service; without endpoints its host is looked up', async () => {
  const registry = await registryOf(`apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: out}
spec: {hosts: [out.example], ports: [{number: 443, name: https, protocol: HTTPS}], resolution: DNS}`);
  const service = registry.service('out.example');
  assert.deepEqual([service?.resolution, service?.meshExternal, service?.ports[0]?.protocol], ['dns', true, 'https']);
  assert.deepEqual(addresses(registry, 'out.example', 443), ['out.example:443']);
});

test('an entry names its endpoints, or picks workloads', async () => {
  const entry = (name: string, more: string) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}}
spec: {hosts: [${name}.example], location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8000}], ${more}}`;
  const registry = await registryOf(
    podYaml('a'),
    entry('vm', 'endpoints: [{address: 10.9.0.1, ports: {http: 8080}, labels: {version: v1}}, {address: 10.9.0.2}]'),
    entry('picked', 'workloadSelector: {labels: {app: web}}'),
  );
  assert.deepEqual(addresses(registry, 'vm.example', 80), ['10.9.0.1:8080', '10.9.0.2:8000']);
  assert.deepEqual(addresses(registry, 'picked.example', 80), ['10.0.0.1:8000']);
  assert.deepEqual(registry.service('picked.example')?.serviceAccounts, ['web-a']);
});

test('a store tells of each change of either source, and reads it when it is asked', async () => {
  const config = storeOf(await viewOf(WEB));
  const pods = storeOf(await viewOf());
  const store = new RegistryStore({ config, pods, domain: 'cluster.local' });
  let told = 0;
  store.watch(() => told++);
  assert.equal(store.view(), store.view());
  pods.replace(await viewOf(podYaml('a')));
  assert.equal(told, 1);
  assert.equal(store.view().instances(HOST, 80).length, 1);
  config.replace(await viewOf());
  assert.equal(told, 2);
  assert.equal(store.view().service(HOST), undefined);
  store.close();
  config.replace(await viewOf(WEB));
  assert.equal(told, 2);
});
