// What a namespace sees and the registry → its assignments of endpoints; a change of endpoints makes those of its services anew.
import { ClusterLoadAssignmentSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import type { RegistryView, Service } from '@meltemi/registry';
import { type Encoded, encodeAll, reusedEncoded } from './encoded.ts';
import type { FragmentCache, Generation } from './fragment-cache.ts';
import { generateEndpoints } from './generate/endpoint.ts';
import type { EndpointInput } from './input/endpoint-input.ts';
import { endpointInputs } from './input/endpoint-inputs.ts';
import type { CallerNearness } from './input/caller-nearness.ts';
import type { NetworkView } from './input/networks.ts';
import type { PlainServers } from './input/plain-servers.ts';
import type { NamespaceScope } from './scope.ts';
import { JoinedTable, partsOf, type ResourceTable } from './resource-table.ts';

export const ENDPOINTS: Generation<EndpointInput, typeof ClusterLoadAssignmentSchema> = {
  schema: ClusterLoadAssignmentSchema,
  generate: generateEndpoints,
  uses: () => [],
};

export interface EndpointSources {
  readonly visible: NamespaceScope;
  readonly registry: RegistryView;
  readonly plain: PlainServers | undefined;
  /** Of the proxies of the group. */
  readonly networks: NetworkView | undefined;
  /** Undefined: localities are used alike. */
  readonly nearness: CallerNearness | undefined;
}

interface Known extends EndpointSources {
  readonly encoded: Encoded;
}

export class EndpointTables {
  /** Those that were asked for in this age, and in the one before. */
  #recent = new Map<string, Known>();
  #older = new Map<string, Known>();

  /** `group`: of those who see the same. */
  of(group: string, sources: EndpointSources, cache: FragmentCache): Encoded {
    const known = this.#recent.get(group) ?? this.#older.get(group);
    const encoded = known
      ? nextEncoded(known, sources, cache)
      : patchable(encode(sources, sources.visible.services, cache));
    this.#recent.set(group, { ...sources, encoded });
    return encoded;
  }

  /** Groups that nobody asked for since the last age but one are forgotten. */
  age(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}

function nextEncoded(known: Known, sources: EndpointSources, cache: FragmentCache): Encoded {
  const { visible, registry } = sources;
  const { services: before, policies } = known.visible;
  const sameRules =
    before === visible.services &&
    policies === visible.policies &&
    known.plain === sources.plain &&
    known.networks?.key === sources.networks?.key &&
    known.nearness?.key === sources.nearness?.key &&
    known.nearness?.mesh === sources.nearness?.mesh;
  if (sameRules && known.registry === registry) return known.encoded;
  const { change } = registry;
  if (sameRules && change?.since === known.registry.number && known.encoded.problems.length === 0) {
    const services = [...change.endpointsOf].flatMap((host) => visible.serviceByHost.get(host) ?? []);
    return changed(known.encoded, encode(sources, services, cache));
  }
  const all = encode(sources, visible.services, cache);
  return reusedEncoded(known.encoded, all) === all ? patchable(all) : known.encoded;
}

function encode({ visible, ...servers }: EndpointSources, services: readonly Service[], cache: FragmentCache): Encoded {
  return encodeAll(endpointInputs(visible, services, servers), ENDPOINTS, cache);
}

/** With more changed assignments than this beside the others, all become one table again. */
const MAX_PATCH = 64;

/** The table of before with some of its assignments in place of its own: a few beside many, so that nobody copies the many. */
function changed(before: Encoded, some: Encoded): Encoded {
  const different = [...some.table].filter(([name, { version }]) => before.table.get(name)?.version !== version);
  if (different.length === 0 && some.problems.length === 0) return before;
  const parts = partsOf(before.table);
  const [base, patch] = parts.length === 2 ? [parts[0]!, parts[1]!] : [before.table, NO_PATCH];
  const next = new Map([...patch, ...different]);
  const table = next.size > MAX_PATCH ? withPatch(new Map([...base, ...next]), NO_PATCH) : withPatch(base, next);
  return { table, problems: some.problems };
}

const NO_PATCH: ResourceTable = new Map();

function withPatch(base: ResourceTable, patch: ResourceTable): ResourceTable {
  return new JoinedTable([base, patch]);
}

/** A table that changes are put beside. */
function patchable({ table, problems }: Encoded): Encoded {
  return { table: withPatch(table, NO_PATCH), problems };
}
