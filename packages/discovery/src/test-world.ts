// For tests: a small mesh written as YAML, read by the real store.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { type Labels, silentLogger, systemClock } from '@meltemi/base';
import { type ConfigView, DirectoryStore } from '@meltemi/config';
import { readRegistry, type WatchedStore } from '@meltemi/registry';
import { SnapshotResources } from './compile.ts';
import { resourcesJson } from './debug/config-dump.ts';
import type { Fragment } from './fragment.ts';
import { FragmentCache } from './fragment-cache.ts';
import { DEFAULT_MESH } from './mesh.ts';
import { parseProxyNode, type ProxyNode } from './proxy-node.ts';
import type { ProxyResources } from './resources.ts';
import type { Snapshot } from './snapshot.ts';

/** A store of one YAML text, which tests replace. */
export class YamlStore implements WatchedStore {
  readonly #listeners = new Set<(view: ConfigView) => void>();
  #view: ConfigView;

  constructor(view: ConfigView) {
    this.#view = view;
  }

  static async open(...yaml: readonly string[]): Promise<YamlStore> {
    return new YamlStore(await viewOf(...yaml));
  }

  view(): ConfigView {
    return this.#view;
  }

  watch(listener: (view: ConfigView) => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  async write(...yaml: readonly string[]): Promise<void> {
    this.replace(await viewOf(...yaml));
  }

  replace(view: ConfigView): void {
    this.#view = view;
    for (const listener of this.#listeners) listener(view);
  }
}

/** What a directory with one file of this text says. */
export async function viewOf(...yaml: readonly string[]): Promise<ConfigView> {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-world-'));
  try {
    await writeFile(join(directory, 'world.yaml'), yaml.join('\n---\n'));
    const options = { directories: [directory], clock: systemClock(), logger: silentLogger, watchFiles: false };
    const store = await DirectoryStore.open(options);
    const view = store.view();
    await store.close();
    return view;
  } finally {
    await rm(directory, { recursive: true });
  }
}

export async function snapshotOf(...yaml: readonly string[]): Promise<Snapshot> {
  const config = await YamlStore.open(...yaml);
  const registry = readRegistry({ config, domain: 'cluster.local' });
  return { version: 1, config: config.view(), registry, mesh: DEFAULT_MESH };
}

/** What a proxy is to have; it must be possible to make all of it. */
export async function resourcesOf(node: ProxyNode, ...yaml: readonly string[]): Promise<ProxyResources> {
  const resources = new SnapshotResources(await snapshotOf(...yaml), new FragmentCache());
  const made = resources.resourcesOf(node);
  if (resources.problems.length > 0) throw new Error(resources.problems.map(({ message }) => message).join('\n'));
  return made;
}

/** A resource as JSON, without what only Envoy reads. */
export function shown(fragments: ReadonlyMap<string, Fragment>, name: string): JsonObject {
  const fragment = fragments.get(name);
  if (!fragment) throw new Error(`no ${name} among ${[...fragments.keys()].join(', ')}`);
  return resourcesJson(new Map([[name, fragment]]))[0] as JsonObject;
}

/** A sidecar at 10.0.0.1 that the network leads connections to. */
export function redirectedNode(name: string, namespace = 'default', kind: 'sidecar' | 'router' = 'sidecar'): ProxyNode {
  const id = `${kind}~10.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`;
  const labels: Labels = kind === 'router' ? { istio: 'ingressgateway' } : { app: name };
  return parseProxyNode(create(NodeSchema, { id, metadata: { LABELS: labels } }))!;
}

export function proxyNode(name: string, namespace = 'default', kind: 'sidecar' | 'router' = 'sidecar'): ProxyNode {
  const id = `${kind}~127.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`;
  return parseProxyNode(create(NodeSchema, { id, metadata: { INTERCEPTION_MODE: 'NONE' } }))!;
}

export function service(name: string, port = 9080, namespace = 'default', portName = 'http'): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  selector: {app: ${name}}
  ports: [{name: ${portName}, port: ${port}}]`;
}

/** A ready pod NAME-VERSION with a service account of the application's name. */
export function pod(app: string, version: string, placement?: object, namespace = 'default'): string {
  const sidecar = placement ? ', security.istio.io/tlsMode: istio' : '';
  const annotations = placement ? `{mesh.meltemi.io/ports: '${JSON.stringify(placement)}'}` : '{}';
  return `apiVersion: v1
kind: Pod
metadata: {name: ${app}-${version}, namespace: ${namespace}, labels: {app: ${app}, version: ${version}${sidecar}}, annotations: ${annotations}}
spec: {serviceAccountName: ${app}, containers: [{name: app, ports: [{name: web, containerPort: 9080}]}]}
status: {phase: Running, podIP: 127.0.0.1, conditions: [{type: Ready, status: "True"}]}`;
}

export function rule(kind: string, name: string, spec: object, namespace = 'default'): string {
  return `apiVersion: networking.istio.io/v1
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${JSON.stringify(spec)}`;
}

/** A rule of security. */
export function policy(kind: string, name: string, spec: object, namespace = 'default'): string {
  return rule(kind, name, spec, namespace).replace('networking.istio.io', 'security.istio.io');
}

/** The path `a.0.b` in JSON. */
export function at(value: JsonValue | undefined, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((inner, key) => (inner as JsonObject | undefined)?.[key], value);
}

export const INGRESS_POD = `apiVersion: v1
kind: Pod
metadata:
  name: gateway-1
  namespace: istio-system
  labels: {istio: ingressgateway}
  annotations: {mesh.meltemi.io/ports: '{"gateway":{"80":"127.0.0.1:21380"}}'}
spec: {serviceAccountName: gateway, containers: [{name: app}]}
status: {phase: Running, podIP: 127.0.0.1, conditions: [{type: Ready, status: "True"}]}`;

/** productpage-v1 calls reviews and ratings; reviews in two versions. */
export const BOOKINFO: readonly string[] = [
  service('productpage'),
  service('reviews'),
  service('ratings'),
  pod('productpage', 'v1', {
    inbound: { 9080: { listen: '127.0.0.1:21011', app: '127.0.0.1:21012' } },
    outbound: {
      'reviews.default.svc.cluster.local:9080': '127.0.0.1:21013',
      'ratings.default.svc.cluster.local:9080': '127.0.0.1:21014',
    },
    httpProxy: '127.0.0.1:21015',
  }),
  pod('reviews', 'v1', { inbound: { 9080: { listen: '127.0.0.1:21021', app: '127.0.0.1:21022' } } }),
  pod('reviews', 'v2', { inbound: { 9080: { listen: '127.0.0.1:21031', app: '127.0.0.1:21032' } } }),
  INGRESS_POD,
];

export const REVIEWS_SUBSETS = rule('DestinationRule', 'reviews', {
  host: 'reviews',
  subsets: [
    { name: 'v1', labels: { version: 'v1' } },
    { name: 'v2', labels: { version: 'v2' } },
  ],
});
