// Narrows a configuration dump to what a query asks for: one list, some names, some fields.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { AdminRequestError } from './admin-error.ts';
import { maskJson } from './field-mask.ts';

type Section = JsonObject;

/** Lists and versions that say nothing are left out, as protobuf's JSON does. */
export function withoutEmpty(section: Section): Section {
  const said = Object.entries(section).filter(
    ([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries<JsonValue>(said);
}

/** Throws AdminRequestError when the mask fits nothing. */
export function masked(configs: readonly JsonValue[], mask: string): readonly JsonValue[] {
  const kept = configs.flatMap((config) => maskJson(config as JsonObject, mask) ?? []);
  if (kept.length > 0) return kept;
  throw new AdminRequestError(`FieldMask ${mask} could not be successfully applied to any configs.`);
}

/** What each list has for members, by the names of the messages of envoy.admin.v3. */
const MEMBERS: Readonly<Record<string, string>> = {
  static_clusters: 'ClustersConfigDump.StaticCluster',
  dynamic_active_clusters: 'ClustersConfigDump.DynamicCluster',
  dynamic_warming_clusters: 'ClustersConfigDump.DynamicCluster',
  ecds_filters: 'EcdsConfigDump.EcdsFilterConfig',
  static_endpoint_configs: 'EndpointsConfigDump.StaticEndpointConfig',
  dynamic_endpoint_configs: 'EndpointsConfigDump.DynamicEndpointConfig',
  static_listeners: 'ListenersConfigDump.StaticListener',
  dynamic_listeners: 'ListenersConfigDump.DynamicListener',
  static_route_configs: 'RoutesConfigDump.StaticRouteConfig',
  dynamic_route_configs: 'RoutesConfigDump.DynamicRouteConfig',
  static_secrets: 'SecretsConfigDump.StaticSecret',
  dynamic_active_secrets: 'SecretsConfigDump.DynamicSecret',
  dynamic_warming_secrets: 'SecretsConfigDump.DynamicSecret',
};

/** The members of one list, which may stand in one section only. */
export function resourceList(sections: readonly Section[], resource: string): readonly JsonValue[] {
  for (const found of sections) {
    const list = found[resource];
    if (Array.isArray(list)) return list.map((member) => typed(MEMBERS[resource] ?? '', member as JsonObject));
  }
  throw new AdminRequestError(`${resource} not found in config dump`, 404);
}

function typed(name: string, member: JsonObject): JsonObject {
  return { '@type': `type.googleapis.com/envoy.admin.v3.${name}`, ...member };
}

/** Keeps the members of lists whose name fits. */
export function keepNames(found: Section, keeps: (name: string) => boolean): Section {
  const entries = Object.entries(found).map(([key, value]) => {
    const list = Array.isArray(value) ? value.filter((entry) => keeps(entryName(entry))) : value;
    return [key, list];
  });
  return Object.fromEntries(entries) as Section;
}

/** The resource's own name, wherever the entry has it. */
function entryName(entry: JsonValue): string {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return '';
  for (const holder of [entry, ...Object.values(entry)]) {
    if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) continue;
    const name = holder['name'] ?? holder['cluster_name'];
    if (typeof name === 'string') return name;
  }
  return '';
}
