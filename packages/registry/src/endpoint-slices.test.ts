// EndpointSlices and WorkloadEntries as what stands behind services.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRegistry } from './registry-store.ts';
import { storeOf, viewOf } from './test-view.ts';

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, clusterIP: 10.1.0.1, ports: [{name: http, port: 80, targetPort: 8080}]}`;
const slice = (name: string, addresses: string, ready = true) => `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [${addresses}], conditions: {ready: ${ready}}}]
ports: [{name: http, port: 8080}]`;
const WORKLOAD_ENTRY = `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: vm}
spec: {address: 10.8.0.1, labels: {app: web, version: v2}, ports: {http: 9090}, serviceAccount: machine, weight: 3}`;
const ENTRY = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: chosen}
spec:
  hosts: [chosen.example]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: STATIC
  workloadSelector: {labels: {app: web}}`;
const HOST = 'web.default.svc.cluster.local';

async function registryOf(...yaml: readonly string[]) {
  return readRegistry({ config: storeOf(await viewOf(...yaml)), domain: 'cluster.local' });
}

test('the slices of a service are its endpoints together, without those that are not ready', async () => {
  const view = await registryOf(
    SERVICE,
    slice('web-1', '10.0.0.1'),
    slice('web-2', '10.0.0.2'),
    slice('web-3', '10.0.0.3', false),
  );
  const addresses = view.instances(HOST, 80).map(({ address }) => `${address.host}:${address.port}`);
  assert.deepEqual(addresses, ['10.0.0.1:8080', '10.0.0.2:8080']);
});

test('slices stand before an Endpoints object', async () => {
  const endpoints = `apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets: [{addresses: [{ip: 10.9.9.9}], ports: [{name: http, port: 1}]}]`;
  const view = await registryOf(SERVICE, endpoints, slice('web-1', '10.0.0.1'));
  assert.deepEqual(
    view.instances(HOST, 80).map(({ address }) => address.host),
    ['10.0.0.1'],
  );
});

test('a machine that a service selects serves it beside its pods, at the port that it names', async () => {
  const view = await registryOf(SERVICE, slice('web-1', '10.0.0.1'), WORKLOAD_ENTRY);
  const [, machine] = view.instances(HOST, 80);
  const { address, weight, workload, written } = machine!;
  assert.deepEqual(
    { address, weight, workload, written },
    {
      address: { host: '10.8.0.1', port: 9090 },
      weight: 3,
      workload: 'vm',
      written: true,
    },
  );
  assert.deepEqual(view.service(HOST)?.serviceAccounts, ['machine']);
});

test('an entry with a selector finds machines too', async () => {
  const view = await registryOf(ENTRY, WORKLOAD_ENTRY);
  const found = view.instances('chosen.example', 443).map(({ address }) => `${address.host}:${address.port}`);
  assert.deepEqual(found, ['10.8.0.1:443']);
});
