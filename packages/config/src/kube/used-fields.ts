// An object of the API server → the fields of it that the mesh reads; ten thousand pods take megabytes so, not hundreds.
import { isRecord } from '../document.ts';
import type { Kind } from '../kind.ts';
import type { KindName } from '../view.ts';
import type { KubeObject } from './kube-object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Written by `kubectl apply` for itself: the whole object again. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const METADATA = ['name', 'namespace', 'labels', 'annotations', 'creationTimestamp'] as const;
const POD_SPEC = ['serviceAccountName', 'nodeName', 'hostNetwork'] as const;
const CONTAINER = ['name', 'ports', 'livenessProbe', 'readinessProbe'] as const;

/** The fields beside `apiVersion`, `kind` and `metadata`, by kind; of kinds of ours it is the spec. */
const USED: Readonly<Partial<Record<KindName, (object: KubeObject) => Fields>>> = {
  Pod: (object) => ({ spec: podSpec(record(object['spec'])), status: podStatus(record(object['status'])) }),
  ServiceEntry: (object) => ({ spec: object['spec'], status: pick(record(object['status']), ['addresses']) }),
  Endpoints: (object) => pick(object, ['subsets']),
  EndpointSlice: (object) => pick(object, ['addressType', 'endpoints', 'ports']),
  Secret: (object) => pick(object, ['data', 'type']),
  Node: () => ({}),
  Namespace: () => ({}),
};

/** `apiVersion` and `kind` are what was asked for: lists leave them out of their items. */
export function usedFields(kind: Kind, apiVersion: string, object: KubeObject): Fields {
  const used = USED[kind.kind]?.(object) ?? pick(object, ['spec']);
  return { apiVersion, kind: kind.kind, metadata: metadataOf(object.metadata), ...used };
}

function metadataOf(metadata: Fields): Fields {
  const kept = pick(metadata, METADATA);
  const annotations = record(kept['annotations']);
  if (!(LAST_APPLIED in annotations)) return kept;
  const { [LAST_APPLIED]: _, ...others } = annotations;
  return { ...kept, annotations: others };
}

function podSpec(spec: Fields): Fields {
  const containers = Array.isArray(spec['containers']) ? (spec['containers'] as unknown[]) : [];
  return { ...pick(spec, POD_SPEC), containers: containers.map((container) => pick(record(container), CONTAINER)) };
}

/** Of the conditions only what tells whether it is ready: the others change often, and say nothing to the mesh. */
function podStatus(status: Fields): Fields {
  const conditions = Array.isArray(status['conditions']) ? (status['conditions'] as unknown[]).map(record) : [];
  const ready = conditions
    .filter(({ type }) => type === 'Ready')
    .map((condition) => pick(condition, ['type', 'status']));
  return { ...pick(status, ['phase', 'podIP']), ...(ready.length > 0 && { conditions: ready }) };
}

function pick(fields: Fields, names: readonly string[]): Fields {
  const known = names.filter((name) => fields[name] !== undefined && fields[name] !== null);
  return Object.fromEntries(known.map((name) => [name, fields[name]]));
}

function record(value: unknown): Fields {
  return isRecord(value) ? value : {};
}
