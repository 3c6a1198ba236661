// The patches of EnvoyFilters that hold for a proxy, in the order in which they are applied.
// https://istio.io/latest/docs/reference/config/networking/envoy-filter/
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type {
  ApplyTo,
  ClusterPatchMatch,
  EnvoyConfigPatch,
  EnvoyFilter,
  LocatedResource,
  PatchContext,
  PatchOperation,
} from '@meltemi/config';
import { RE2JS } from 're2js';
import type { AddedInput, PatchInput } from './patch-input.ts';
import { policiesOf, type PolicyWorkload } from '../policy-target.ts';
import { provenance } from '../provenance.ts';

/** A patch with what tells whether it is for a resource at all. */
export interface EnvoyPatch {
  /** `namespace/name#index` of the EnvoyFilter. */
  readonly id: string;
  readonly context: PatchContext;
  readonly cluster: ClusterPatchMatch | undefined;
  readonly input: PatchInput;
}

export interface PatchedProxy extends PolicyWorkload {
  /** Of the node, as it was sent. */
  readonly metadata: JsonObject;
}

/** By priority; of one priority the root namespace's first, then the oldest. */
export function envoyPatches(
  filters: readonly LocatedResource<EnvoyFilter>[],
  proxy: PatchedProxy,
): readonly EnvoyPatch[] {
  const selected = policiesOf(filters.map(withSelector), proxy);
  return [...selected]
    .sort((a, b) => order(a, b, proxy.rootNamespace))
    .flatMap((filter) =>
      (filter.spec.configPatches ?? []).flatMap((patch, index) =>
        matchesProxy(patch, proxy.metadata) ? [envoyPatch(filter, patch, index)] : [],
      ),
    );
}

function withSelector(filter: LocatedResource<EnvoyFilter>) {
  const labels = filter.spec.workloadSelector?.labels ?? filter.spec.workloadLabels;
  return { ...filter, spec: { ...filter.spec, ...(labels && { selector: { matchLabels: labels } }) } };
}

function order(a: LocatedResource<EnvoyFilter>, b: LocatedResource<EnvoyFilter>, root: string): number {
  const byRank = (a.spec.priority ?? 0) - (b.spec.priority ?? 0);
  if (byRank !== 0) return byRank;
  if (a.metadata.namespace !== b.metadata.namespace) return a.metadata.namespace === root ? -1 : 1;
  return (
    compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compare(a.metadata.name, b.metadata.name)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The few that were asked last: every proxy is asked the same. */
const expressions = new Map<string, RE2JS>();
const KEPT_EXPRESSIONS = 100;

function expression(text: string): RE2JS {
  const known = expressions.get(text) ?? RE2JS.compile(text);
  if (expressions.size >= KEPT_EXPRESSIONS) expressions.clear();
  expressions.set(text, known);
  return known;
}

/** A version that is not told fits no expression. */
function matchesProxy({ match }: EnvoyConfigPatch, metadata: JsonObject): boolean {
  const { proxyVersion, metadata: wanted = {} } = match?.proxy ?? {};
  const version = metadata['ISTIO_VERSION'];
  if (proxyVersion && !(typeof version === 'string' && expression(proxyVersion).matcher(version).find())) return false;
  return Object.entries(wanted).every(([key, value]) => metadata[key] === value);
}

function envoyPatch(filter: LocatedResource<EnvoyFilter>, written: EnvoyConfigPatch, index: number): EnvoyPatch {
  const { applyTo, match, patch } = written;
  return {
    id: `${filter.metadata.namespace}/${filter.metadata.name}#${index}`,
    context: match?.context ?? 'ANY',
    cluster: match?.cluster,
    input: {
      applyTo,
      operation: patch.operation ?? 'INVALID',
      ...(match?.listener && { listener: match.listener }),
      ...(match?.routeConfiguration && { route: match.routeConfiguration }),
      value: patch.value ?? null,
      provenance: provenance(filter, `spec.configPatches[${index}]`),
    },
  };
}

/** What is added to one of the contexts, or to any. */
export function addedTo(
  patches: readonly EnvoyPatch[],
  applyTo: ApplyTo,
  contexts: readonly PatchContext[],
): readonly AddedInput[] {
  return patches
    .filter(
      ({ context, input }) =>
        input.applyTo === applyTo && isAddition(input.operation) && ['ANY', ...contexts].includes(context),
    )
    .map(({ input }) => ({ name: nameIn(input.value), value: input.value, provenance: input.provenance }));
}

/** What filters may be configured by that only name it (ECDS). */
export function addedExtensions(patches: readonly EnvoyPatch[]): readonly AddedInput[] {
  return addedTo(patches, 'EXTENSION_CONFIG', ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY']);
}

/** Whole clusters and listeners have no order: to insert one is to add it. */
function isAddition(operation: PatchOperation): boolean {
  return operation === 'ADD' || operation.startsWith('INSERT');
}

function nameIn(value: JsonValue): string {
  const name = (value as JsonObject | null)?.['name'];
  return typeof name === 'string' ? name : '';
}
