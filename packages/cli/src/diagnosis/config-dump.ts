// Envoy's config_dump → the resources in it, by type, in the order of their names.
import type { JsonObject } from '@bufbuild/protobuf';
import { CommandError } from '../terminal.ts';
import type { AssignmentJson, ClusterJson, ListenerJson, RouteConfigJson, SecretJson } from './proxy-json.ts';

export interface SecretEntry {
  readonly name: string;
  readonly state: 'ACTIVE' | 'WARMING';
  readonly secret: SecretJson;
}

export interface ConfigDump {
  /** All of it, as it was. */
  readonly raw: JsonObject;
  readonly bootstrap: JsonObject;
  readonly clusters: readonly ClusterJson[];
  readonly listeners: readonly ListenerJson[];
  /** Those that came by RDS. */
  readonly routes: readonly RouteConfigJson[];
  /** Those that stand in listeners. */
  readonly inlineRoutes: readonly RouteConfigJson[];
  /** Empty where the dump was made without `include_eds`. */
  readonly assignments: readonly AssignmentJson[];
  readonly secrets: readonly SecretEntry[];
}

type Section = Readonly<Record<string, unknown>>;
/** A resource under its own field, or under that of a state. */
type Entry = Readonly<Record<string, Section | undefined>>;

/** Throws CommandError for what is no config_dump. */
export function readConfigDump(json: unknown): ConfigDump {
  const configs = (json as { configs?: unknown } | null)?.configs;
  if (!Array.isArray(configs)) throw new CommandError('this is no config_dump: it has no "configs"');
  const sections = new Map((configs as Section[]).map((section) => [typeOf(section), section]));
  const list = (section: string, ...keys: readonly string[]): readonly Entry[] =>
    keys.flatMap((key) => (sections.get(section)?.[key] ?? []) as readonly Entry[]);
  const pick = (field: string, entries: readonly Entry[]): readonly unknown[] =>
    entries.flatMap((entry) => (entry[field] ? [entry[field]] : []));
  const clusters = list('ClustersConfigDump', 'static_clusters', 'dynamic_active_clusters');
  const assignments = list('EndpointsConfigDump', 'static_endpoint_configs', 'dynamic_endpoint_configs');
  const routes = list('RoutesConfigDump', 'dynamic_route_configs');
  return {
    raw: json as JsonObject,
    bootstrap: (sections.get('BootstrapConfigDump')?.['bootstrap'] ?? {}) as JsonObject,
    clusters: byName(pick('cluster', clusters) as readonly ClusterJson[]),
    listeners: byName(listenersOf(list('ListenersConfigDump', 'static_listeners', 'dynamic_listeners'))),
    routes: byName(pick('route_config', routes) as readonly RouteConfigJson[]),
    inlineRoutes: pick('route_config', list('RoutesConfigDump', 'static_route_configs')) as readonly RouteConfigJson[],
    assignments: pick('endpoint_config', assignments) as readonly AssignmentJson[],
    secrets: [
      ...secretsOf(list('SecretsConfigDump', 'static_secrets', 'dynamic_active_secrets'), 'ACTIVE'),
      ...secretsOf(list('SecretsConfigDump', 'dynamic_warming_secrets'), 'WARMING'),
    ],
  };
}

function typeOf({ '@type': type }: Section): string {
  return typeof type === 'string' ? type.slice(type.lastIndexOf('.') + 1) : '';
}

/** A listener that changes still serves in its active state. */
function listenersOf(entries: readonly Entry[]): readonly ListenerJson[] {
  return entries.flatMap((entry) => {
    const found = entry['listener'] ?? entry['active_state']?.['listener'] ?? entry['warming_state']?.['listener'];
    return found ? [found as ListenerJson] : [];
  });
}

function secretsOf(entries: readonly Entry[], state: SecretEntry['state']): readonly SecretEntry[] {
  return (entries as readonly unknown[] as readonly { name?: string; secret?: SecretJson }[]).map((entry) => {
    const secret = entry.secret ?? {};
    return { name: entry.name ?? secret.name ?? '', state, secret };
  });
}

function byName<Named extends { readonly name: string }>(resources: readonly Named[]): readonly Named[] {
  return resources.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}
