// pilot-discovery on a real cluster, with nothing but a kubeconfig: services, rules, roots, statuses and identities.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KubeError, parseDocuments, resourceDefinitions } from '@meltemi/config';
import { type KubeObject, namespace } from '@meltemi/testkit';
import { answerOf } from './support/answer-of.ts';
import { createObject } from './support/create-object.ts';
import { type KubeWorld, reasonAgainstKubernetes, startKubeWorld } from './support/kube-world.ts';
import { root } from './support/mesh-under-test.ts';

const skip = reasonAgainstKubernetes();
const HTTP = '127.0.0.1:18080';
const OBJECTS = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {clusterIP: 10.96.1.1, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: good, namespace: default}
spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bad, namespace: default}
spec: {hosts: [web], http: [{route: [{destination: {host: web}}], timeout: soon}]}
`;

interface Status {
  readonly status?: {
    readonly observedGeneration: number;
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

let world: KubeWorld;

before(async () => {
  if (skip) return;
  world = await startKubeWorld();
  const { client, sandbox, kubernetes } = world;
  await createObject(client, namespace('istio-system'));
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await Promise.all(resourceDefinitions().map((body) => client.request({ method: 'POST', path, body })));
  for (const { value } of parseDocuments(OBJECTS, 'objects.yaml').documents) {
    await createObject(client, value as KubeObject);
  }
  const flags = {
    kubeconfig: kubernetes.kubeconfig,
    caDir: join(sandbox.directory, 'ca'),
    grpcAddr: '127.0.0.1:15010',
    secureGRPCAddr: '127.0.0.1:15012',
    httpAddr: HTTP,
    monitoringAddr: '127.0.0.1:15014',
  };
  const log = join(sandbox.directory, 'pilot-discovery.log');
  const program = [process.execPath, join(root, 'bin/pilot-discovery.ts'), 'discovery'] as const;
  sandbox.run({ command: [...program, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)], log });
  await answerOf(async () => (await sandbox.fetch(`http://${HTTP}/ready`)).status === 200);
});

after(() => world?.close());

test('services of the cluster are in the registry', { skip }, async () => {
  const { body } = await world.sandbox.fetch(`http://${HTTP}/debug/registryz`);
  assert.match(body, /web\.default\.svc\.cluster\.local/);
});

test('each namespace has the root, and gets it back', { skip }, async () => {
  const { client } = world;
  const path = '/api/v1/namespaces/default/configmaps/istio-ca-root-cert';
  const read = async () => {
    const map = (await client.request({ method: 'GET', path })) as { readonly data: Readonly<Record<string, string>> };
    return map.data['root-cert.pem']?.startsWith('-----BEGIN CERTIFICATE') && map;
  };
  const first = await answerOf(read);
  await client.request({ method: 'PATCH', path, body: { data: { 'root-cert.pem': 'x' } } });
  assert.deepEqual((await answerOf(read)).data, first.data);
  await client.request({ method: 'DELETE', path });
  assert.deepEqual((await answerOf(read)).data, first.data);
  const other = path.replace('default', 'kube-system');
  await assert.rejects(
    client.request({ method: 'GET', path: other }),
    (error) => error instanceof KubeError && error.status === 404,
  );
});

test('each rule says in its status what is wrong with it, for its generation', { skip }, async () => {
  const { client } = world;
  const read = (name: string, generation: number) =>
    answerOf(async () => {
      const path = `/apis/networking.istio.io/v1/namespaces/default/virtualservices/${name}`;
      const { status } = (await client.request({ method: 'GET', path })) as Status;
      return status?.observedGeneration === generation && status.conditions[0];
    });
  const good = await read('good', 1);
  assert.deepEqual([good.type, good.status], ['Reconciled', 'True']);
  const bad = await read('bad', 1);
  assert.equal(bad.status, 'False');
  assert.match(bad.message, /soon/);
  const path = '/apis/networking.istio.io/v1/namespaces/default/virtualservices/bad';
  const body = { spec: { http: [{ route: [{ destination: { host: 'web' } }], timeout: '3s' }] } };
  await client.request({ method: 'PATCH', path, body });
  assert.equal((await read('bad', 2)).status, 'True');
});

test('the control plane holds the lease', { skip }, async () => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/istio-system/leases/istio-status-leader';
  const lease = (await world.client.request({ method: 'GET', path })) as {
    readonly spec: { readonly holderIdentity: string };
  };
  assert.match(lease.spec.holderIdentity, /^pilot-discovery-/);
});
