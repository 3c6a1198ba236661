// Endpoints objects, accounts that are written, and probed ports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRegistry } from './registry-store.ts';
import { storeOf, viewOf } from './test-view.ts';

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web, annotations: {alpha.istio.io/kubernetes-serviceaccounts: 'b, a'}}
spec: {selector: {app: web}, clusterIP: 10.1.0.1, ports: [{name: http, port: 80}, {name: other, port: 81}]}`;
const ENDPOINTS = `apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses: [{ip: 10.0.0.2, targetRef: {kind: Pod, name: two}}, {ip: 10.0.0.1}, {ip: 10.9.9.9}]
  ports: [{name: http, port: 8080}]`;
const pod = (name: string, ip: string, spec: string) => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {version: ${name}}}
spec: ${spec}
status: {phase: Running, podIP: ${ip}}`;
const NODE = `apiVersion: v1
kind: Node
metadata: {name: n1, labels: {failure-domain.beta.kubernetes.io/region: r1, topology.kubernetes.io/zone: z1}}`;
const HOST = 'web.default.svc.cluster.local';

async function registry() {
  const probes = `readinessProbe: {tcpSocket: {port: 9999}}, livenessProbe: {httpGet: {port: health}}`;
  const view = await viewOf(
    SERVICE,
    ENDPOINTS,
    NODE,
    pod('one', '10.0.0.1', `{containers: [{name: app, ports: [{name: health, containerPort: 3333}], ${probes}}]}`),
    pod('two', '10.0.0.2', `{serviceAccountName: c, nodeName: n1, containers: [{name: app}]}`),
  );
  return readRegistry({ config: storeOf(view), domain: 'cluster.local' });
}

test('an Endpoints object stands before the selector, in its own order', async () => {
  const view = await registry();
  assert.deepEqual(
    view.instances(HOST, 80).map(({ address, workload, labels }) => [address.host, address.port, workload, labels]),
    [
      ['10.0.0.2', 8080, 'two', { version: 'two' }],
      ['10.0.0.1', 8080, 'one', { version: 'one' }],
      ['10.9.9.9', 8080, '', {}],
    ],
  );
  assert.deepEqual(view.instances(HOST, 81), []);
});

test('accounts are those of the annotation and of the pods; the default one nobody wrote', async () => {
  const service = (await registry()).service(HOST);
  assert.deepEqual(service?.serviceAccounts, ['a', 'b', 'c', 'default']);
  assert.deepEqual(service?.writtenAccounts, ['a', 'b', 'c']);
});

test('probed ports are found by number and by name', async () => {
  assert.deepEqual((await registry()).workload('default', 'one')?.managementPorts, [3333, 9999]);
});

test('an endpoint stands where its node stands', async () => {
  assert.deepEqual(
    (await registry()).instances(HOST, 80).map(({ locality }) => locality),
    ['r1/z1', '', ''],
  );
});
