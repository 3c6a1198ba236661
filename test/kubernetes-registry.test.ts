// The same objects, in an API server and in files, are the same mesh.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLogger, systemClock, systemDice } from '@meltemi/base';
import {
  buildView,
  type ConfigView,
  decodeResource,
  type KubeClient,
  KubeStore,
  parseDocuments,
  resourceDefinitions,
} from '@meltemi/config';
import { readRegistry, type RegistryView } from '@meltemi/registry';
import type { KubeObject } from '@meltemi/testkit';
import fc from 'fast-check';
import { type KubeWorld, reasonAgainstKubernetes, startKubeWorld } from './support/kube-world.ts';
import { clusterObjects } from './support/cluster-objects.ts';
import { createObject } from './support/create-object.ts';
import { viewThat } from './support/view-that.ts';

const skip = reasonAgainstKubernetes();
const clock = systemClock();
const RULES = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: default}
spec: {hosts: [web], http: [{route: [{destination: {host: web, subset: v1}, weight: 100}], timeout: 3s}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: default}
spec: {host: web, subsets: [{name: v1, labels: {version: v1}}], trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: default}
spec: {action: ALLOW, rules: [{to: [{operation: {methods: [GET], ports: ['80']}}]}]}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: web, namespace: default}
spec: {accessLogging: [{providers: [{name: envoy}]}]}
`;

let world: KubeWorld;
let client: KubeClient;
let store: KubeStore;
let runs = 0;

before(async () => {
  if (skip) return;
  world = await startKubeWorld();
  client = world.client;
  store = await KubeStore.open({ client, clock, dice: systemDice(), logger: silentLogger });
});

after(async () => {
  store?.close();
  await world?.close();
});

const until = (holds: (view: ConfigView) => boolean) => viewThat(store, holds);

function fileView(objects: readonly object[]): ConfigView {
  const text = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const decoded = parseDocuments(text, 'objects.yaml').documents.map((document) => decodeResource(document));
  return buildView(
    decoded.flatMap(({ resource }) => resource ?? []),
    decoded.flatMap(({ problems }) => problems),
  );
}

const registryOf = (view: ConfigView) =>
  readRegistry({ config: { view: () => view, watch: () => ({ close: () => {} }) }, domain: 'cluster.local' });

const KINDS = ['Service', 'Pod', 'Endpoints', 'EndpointSlice', 'Node'] as const;

/** The objects that are there, and how far their pods are. */
function namesIn(view: ConfigView, namespace: string): string {
  const node = namespace.replace('run', 'node');
  const objects = KINDS.flatMap((kind) => [...view.objects(kind)])
    .filter(({ metadata }) => metadata.namespace === namespace || metadata.name === node)
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  const pods = view.objects('Pod').filter(({ metadata, status }) => metadata.namespace === namespace && status.podIP);
  return [...objects, ...pods.map(({ status }) => status.podIP ?? '')].toSorted().join(' ');
}

/** What a registry says of a namespace, without the places where it is written. */
function saidOf(registry: RegistryView, namespace: string) {
  const services = registry.services.filter((service) => service.namespace === namespace);
  const workloads = registry.workloads.filter((workload) => workload.namespace === namespace);
  const byPort = services.flatMap(({ host, ports }) => ports.map(({ number }) => registry.instances(host, number)));
  return JSON.parse(
    JSON.stringify(
      { services, workloads: workloads.toSorted((a, b) => (a.name < b.name ? -1 : 1)), byPort },
      (key, value: unknown) => (key === 'source' || key === 'created' ? undefined : value),
    ),
  ) as object;
}

test('services, pods, nodes and endpoints are the same registry', { skip, timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(clusterObjects, async (objectsIn) => {
      const namespace = `run-${++runs}`;
      const objects = objectsIn(namespace, runs);
      for (const object of objects) await createObject(client, object as KubeObject);
      const files = fileView(objects);
      const wanted = namesIn(files, namespace);
      await until((view) => namesIn(view, namespace) === wanted);
      assert.deepEqual(saidOf(registryOf(store.view()), namespace), saidOf(registryOf(files), namespace));
    }),
    { numRuns: 12 },
  );
});

test(
  'our definitions are taken by the server, and objects of them are the same view as files',
  { skip, timeout: 60_000 },
  async () => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await Promise.all(resourceDefinitions().map((body) => client.request({ method: 'POST', path, body })));
    const objects = parseDocuments(RULES, 'rules.yaml').documents.map(({ value }) => value as KubeObject);
    for (const object of objects) await createObject(client, object);
    const kinds = ['VirtualService', 'DestinationRule', 'AuthorizationPolicy', 'Telemetry'] as const;
    await until((view) => kinds.every((kind) => view.objects(kind).length === 1));
    const specs = (view: ConfigView) =>
      kinds.flatMap((kind) =>
        view.objects(kind).map(({ kind, spec, metadata }) => ({ kind, spec, labels: metadata.labels })),
      );
    assert.deepEqual(specs(store.view()), specs(fileView(objects)));
    const refused = { ...objects[0]!, metadata: { name: 'bad', namespace: 'default' }, spec: { hosts: 'web' } };
    await assert.rejects(createObject(client, refused), /spec\.hosts/);
  },
);
