// A located document → a resource whose spec has the form of its kind, or the problems that refuse it.
import { didYouMean, hasErrors, type Problem, type ResourceName } from '@meltemi/base';

import { decodeValue, type LocatedFinding } from './decode-value.ts';
import { isRecord, type LocatedDocument } from './document.ts';
import { formatPath, parsePath } from './field-path.ts';
import { findKind } from './find-kind.ts';
import { type Kind, kindByName, KINDS } from './kinds.ts';
import type { LocatedResource } from './located-resource.ts';
import { endpointSliceFields } from './model/endpoint-slice.ts';
import { endpointSubsets } from './model/kubernetes.ts';
import { serviceEntryStatusSchema } from './model/service-entry.ts';
import { CODE } from './problem-code.ts';
import { type Field, type Finding, labelMap, message, text } from './schema.ts';
import { refusal } from './refusal.ts';
import { revisionOf } from './revision.ts';
import { objectName } from './text-check.ts';

export interface Decoded {
  readonly resource?: LocatedResource;
  readonly problems: readonly Problem[];
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
}

/** The objects of other groups are no business of ours: they come back without a resource and with a word of information. */
export function decodeResource(document: LocatedDocument, defaultNamespace = 'default'): Decoded {
  const value = document.value;
  if (!isRecord(value))
    return refused(document, [], CODE.wrongType, 'expected an object with "kind", "metadata" and "spec"');
  if (value['kind'] === undefined && typeof value['type'] === 'string')
    return decodeLegacy(document, value, defaultNamespace);
  const kind = findKind(document, value);
  if ('code' in kind) return { problems: [kind] };
  return decodeAs(kind, document, value, defaultNamespace);
}

/** `type: route-rule, name, namespace, spec`: the form of istioctl 0.1, and what `get -o yaml` prints. */
function decodeLegacy(
  document: LocatedDocument,
  value: Readonly<Record<string, unknown>>,
  defaultNamespace: string,
): Decoded {
  const word = String(value['type']);
  const kind = kindByName(word);
  if (!kind?.ours) {
    const meant = didYouMean(
      word,
      KINDS.filter((known) => known.ours).map((known) => known.type),
    );
    return refused(document, ['type'], CODE.unknownKind, `unknown type "${word}"`, meant && `did you mean "${meant}"?`);
  }
  const { name, namespace, spec } = value;
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  const located: LocatedDocument = {
    value: { metadata, spec },
    source: document.source,
    locate: (path) => document.locate(path[0] === 'metadata' ? path.slice(1) : path),
    locateKey: (path) => document.locateKey(path[0] === 'metadata' ? path.slice(1) : path),
  };
  return decodeAs(kind, located, { metadata, spec }, defaultNamespace);
}

function decodeAs(
  kind: Kind,
  document: LocatedDocument,
  value: Readonly<Record<string, unknown>>,
  defaultNamespace: string,
): Decoded {
  const decoded = decodeValue(envelopeOf(kind), value, []);
  const metadata = (decoded.value as { readonly metadata?: Metadata }).metadata;
  const name = nameOf(kind, metadata, defaultNamespace);
  const apiVersion =
    typeof value['apiVersion'] === 'string' ? value['apiVersion'] : `${kind.groups[0]}/${kind.versions[0]}`;
  const problems = decoded.findings.map((finding) => problemOf(finding, document, name));
  if (hasErrors(problems) || !metadata) return { problems };
  if (kind.unfollowed) problems.push(unfollowed(kind, document, name));
  const { spec: said = {}, ...fields } = decoded.value as Readonly<Record<string, unknown>>;
  const spec: unknown = kind.defaults ? { ...kind.defaults, ...(said as object) } : said;
  const beside = Object.entries(BESIDE_SPEC[kind.kind] ?? {}).map(([field, { empty }]) => [
    field,
    fields[field] ?? empty,
  ]);
  const resource: LocatedResource = {
    apiVersion,
    kind: kind.kind,
    metadata: {
      name: name.name,
      namespace: name.namespace,
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      resourceVersion: revisionOf(name, [
        metadata.labels,
        metadata.annotations,
        spec,
        ...beside.map(([, field]) => field),
      ]),
      creationTimestamp: metadata.creationTimestamp ?? '',
    },
    spec,
    source: document.source,
    origin: originOf(name, apiVersion, document),
    ...Object.fromEntries(beside),
  };
  return { resource, problems };
}

/** Of the document it keeps the places alone: the object as it was written is let go. */
function originOf(
  resource: ResourceName,
  apiVersion: string,
  { source, locate }: LocatedDocument,
): LocatedResource['origin'] {
  return (path = '') => ({
    resource,
    apiVersion,
    path,
    source: path === '' ? source : locate(parsePath(path)),
  });
}

/** What objects of Kubernetes say in other fields than their spec, and what stands for those that are not written. */
const BESIDE_SPEC: Readonly<
  Record<string, Readonly<Record<string, { readonly field: Field; readonly empty: unknown }>>>
> = {
  Pod: { status: { field: message({ phase: text(), podIP: text() }, { open: true }), empty: {} } },
  ServiceEntry: { status: { field: serviceEntryStatusSchema, empty: {} } },
  ConfigMap: { data: { field: labelMap, empty: {} } },
  Secret: { data: { field: labelMap, empty: {} }, stringData: { field: labelMap, empty: {} } },
  Endpoints: { subsets: { field: endpointSubsets, empty: [] } },
  EndpointSlice: {
    addressType: { field: endpointSliceFields.addressType, empty: '' },
    endpoints: { field: endpointSliceFields.endpoints, empty: [] },
    ports: { field: endpointSliceFields.ports, empty: [] },
  },
};

const metadataFields = {
  name: objectName,
  namespace: objectName,
  labels: labelMap,
  annotations: labelMap,
  creationTimestamp: text(),
};

function envelopeOf(kind: Kind): Field {
  const metadata = message(metadataFields, { required: ['name'], open: true });
  const fields = {
    apiVersion: text(),
    kind: text(),
    metadata,
    spec: kind.schema,
    ...Object.fromEntries(Object.entries(BESIDE_SPEC[kind.kind] ?? {}).map(([name, { field }]) => [name, field])),
  };
  const required =
    kind.schema.kind === 'message' && kind.schema.required.length > 0 ? ['metadata', 'spec'] : ['metadata'];
  // Only `status` is written into our kinds by others.
  const known = kind.ours ? { status: { kind: 'any' } as const, ...fields } : fields;
  return message(known, { required, open: !kind.ours, check: (object) => checkObject(kind, object) });
}

/** https://istio.io/latest/docs/reference/config/annotations/ */
const ALWAYS_REJECT = 'internal.istio.io/webhook-always-reject';

function checkObject(kind: Kind, object: Readonly<Record<string, unknown>>): Finding[] {
  const { name = '', annotations } = (object['metadata'] ?? {}) as Partial<Metadata>;
  const path = ['metadata', 'annotations', ALWAYS_REJECT];
  const rejected: Finding[] =
    kind.ours && annotations?.[ALWAYS_REJECT] === 'true'
      ? [{ path, code: CODE.alwaysRejected, message: 'the object asks to be denied' }]
      : [];
  const spec = (object['spec'] ?? {}) as Readonly<Record<string, unknown>>;
  const { apiVersion } = object;
  const named = [
    ...(kind.checkName?.(name, spec) ?? []),
    ...(kind.checkVersion?.(typeof apiVersion === 'string' ? apiVersion : '', spec) ?? []),
  ];
  return [...rejected, ...named.map((finding) => ({ ...finding, path: ['spec', ...finding.path] }))];
}

function unfollowed(kind: Kind, document: LocatedDocument, resource: ResourceName): Problem {
  const message = `${kind.kind} is checked, but the mesh does not act on it`;
  const source = document.locate(['kind']);
  return { severity: 'warning', code: CODE.unfollowed, message, resource, path: 'kind', source };
}

function nameOf(kind: Kind, metadata: Metadata | undefined, defaultNamespace: string): ResourceName {
  const namespace = kind.clusterScoped ? '' : metadata?.namespace;
  return {
    kind: kind.kind,
    namespace: typeof namespace === 'string' ? namespace : defaultNamespace,
    name: typeof metadata?.name === 'string' ? metadata.name : '',
  };
}

function problemOf(finding: LocatedFinding, document: LocatedDocument, resource: ResourceName): Problem {
  const { at, path, code, message, hint, severity = 'error' } = finding;
  const source = at === 'key' ? document.locateKey(path) : document.locate(path);
  return { severity, code, message, resource, path: formatPath(path), source, ...(hint !== undefined && { hint }) };
}

function refused(...about: Parameters<typeof refusal>): Decoded {
  return { problems: [refusal(...about)] };
}
