// What the mesh knows of a workload, read from a node's metadata, a peer's header or an endpoint, and written for a peer.
import { fromBinary, fromJson, type JsonObject, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';

/** Empty texts where nothing is known. */
export interface Workload {
  /** Of the pod. */
  readonly instance: string;
  readonly namespace: string;
  readonly name: string;
  readonly cluster: string;
  readonly app: string;
  readonly version: string;
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  /** `kubernetes://apis/apps/v1/namespaces/NS/deployments/NAME`. */
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const NO_WORKLOAD: Workload = {
  instance: '',
  namespace: '',
  name: '',
  cluster: '',
  app: '',
  version: '',
  canonicalName: '',
  canonicalRevision: '',
  owner: '',
  labels: {},
};

const CANONICAL_NAME = 'service.istio.io/canonical-name';
const CANONICAL_REVISION = 'service.istio.io/canonical-revision';

/** Of the metadata that a sidecar is started with, or that a peer sends: NAME, NAMESPACE, WORKLOAD_NAME, LABELS … */
export function workloadOf(metadata: JsonObject): Workload {
  const labels = labelsOf(metadata['LABELS']);
  const app = labels['app'] ?? labels['app.kubernetes.io/name'] ?? '';
  const version = labels['version'] ?? labels['app.kubernetes.io/version'] ?? '';
  return {
    instance: text(metadata['NAME']),
    namespace: text(metadata['NAMESPACE']),
    name: text(metadata['WORKLOAD_NAME']),
    cluster: text(metadata['CLUSTER_ID']),
    app,
    version,
    canonicalName: labels[CANONICAL_NAME] ?? (app || text(metadata['WORKLOAD_NAME'])),
    canonicalRevision: labels[CANONICAL_REVISION] ?? (version || 'latest'),
    owner: text(metadata['OWNER']),
    labels,
  };
}

/** Of an endpoint's metadata `istio.workload`: `name;namespace;canonical name;canonical revision;cluster`. */
export function workloadOfEndpoint(packed: string): Workload {
  const [name = '', namespace = '', canonicalName = '', canonicalRevision = '', cluster = ''] = packed.split(';');
  return { ...NO_WORKLOAD, name, namespace, canonicalName, canonicalRevision, cluster };
}

/** What peers are told of a workload: a google.protobuf.Struct. */
export function workloadBytes(workload: Workload): Uint8Array {
  const { instance, namespace, name, cluster, app, version, canonicalName, canonicalRevision, owner } = workload;
  const labels = known({ app, version, [CANONICAL_NAME]: canonicalName, [CANONICAL_REVISION]: canonicalRevision });
  const fields = known({
    NAME: instance,
    NAMESPACE: namespace,
    WORKLOAD_NAME: name,
    CLUSTER_ID: cluster,
    OWNER: owner,
  });
  return toBinary(StructSchema, fromJson(StructSchema, { ...fields, LABELS: labels }));
}

/** Undefined for bytes that are no Struct. */
export function workloadOfBytes(bytes: Uint8Array): Workload | undefined {
  try {
    const struct = fromBinary(StructSchema, bytes);
    return workloadOf(toJson<typeof StructSchema>(StructSchema, struct));
  } catch {
    return undefined;
  }
}

function known(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function labelsOf(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
