// The kinds of ours → their CustomResourceDefinitions, with the names, groups and versions that Istio gave them.
import type { Kind } from '../kind.ts';
import type { KindName } from '../view.ts';
import { customKinds } from './custom-kinds.ts';
import { openApiSchema, type OpenApiSchema } from './open-api-schema.ts';

/** An object of apiextensions.k8s.io/v1. */
export interface ResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
}

const AGE: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const column = (name: string, jsonPath: string): Column => ({ name, type: 'string', jsonPath });

/** What `kubectl get` prints beside the name; of the others their age. */
const COLUMNS: Readonly<Partial<Record<KindName, readonly Column[]>>> = {
  DestinationRule: [column('Host', '.spec.host'), AGE],
  ServiceEntry: [
    column('Hosts', '.spec.hosts'),
    column('Location', '.spec.location'),
    column('Resolution', '.spec.resolution'),
    AGE,
  ],
  VirtualService: [column('Gateways', '.spec.gateways'), column('Hosts', '.spec.hosts'), AGE],
  WorkloadEntry: [AGE, column('Address', '.spec.address')],
  AuthorizationPolicy: [column('Action', '.spec.action'), AGE],
  PeerAuthentication: [column('Mode', '.spec.mtls.mode'), AGE],
};

/** Kinds whose objects are kept in another than the first version. */
const STORED: Readonly<Partial<Record<KindName, string>>> = { Telemetry: 'v1alpha1' };
const SHORT_NAMES: Readonly<Partial<Record<KindName, readonly string[]>>> = { Telemetry: ['telemetry'] };

/** All kinds of ours, in the order of their list. `kubectl apply -f` takes them. */
export function resourceDefinitions(): readonly ResourceDefinition[] {
  return customKinds().map(definitionOf);
}

function definitionOf(kind: Kind): ResourceDefinition {
  const group = kind.groups[0]!;
  const served = kind.legacy ? kind.versions.slice(0, 1) : kind.versions;
  const stored = STORED[kind.kind] ?? served[0]!;
  const schema = { openAPIV3Schema: objectSchema(kind) };
  const shared = { schema, subresources: { status: {} }, additionalPrinterColumns: COLUMNS[kind.kind] ?? [AGE] };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${group}`, labels: { app: 'istio-pilot' } },
    spec: {
      group,
      names: namesOf(kind, group),
      scope: kind.clusterScoped ? 'Cluster' : 'Namespaced',
      versions: served.map((name) => ({ name, served: true, storage: name === stored, ...shared })),
    },
  };
}

function namesOf(kind: Kind, group: string): Readonly<Record<string, unknown>> {
  // Of the words on a command line the short ones are those of two letters, as Istio's.
  const shortNames = SHORT_NAMES[kind.kind] ?? kind.names.filter((name) => name.length === 2);
  return {
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural: kind.plural,
    singular: kind.kind.toLowerCase(),
    // Of ours too: `kubectl get istio-io` shows all that configures the mesh.
    categories: ['istio-io', group.replaceAll('.', '-')],
    ...(shortNames.length > 0 && { shortNames }),
  };
}

function objectSchema({ schema }: Kind): OpenApiSchema {
  const needsSpec = schema.kind === 'message' && schema.required.length > 0;
  return {
    type: 'object',
    properties: { spec: openApiSchema(schema), status: STATUS },
    ...(needsSpec && { required: ['spec'] }),
  };
}

const TEXT: OpenApiSchema = { type: 'string' };

/** Conditions and messages, as Istio writes them. */
const STATUS: OpenApiSchema = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    observedGeneration: { anyOf: [{ type: 'integer' }, TEXT], 'x-kubernetes-int-or-string': true },
    conditions: {
      type: 'array',
      items: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { type: TEXT, status: TEXT, reason: TEXT, message: TEXT },
      },
    },
  },
};
