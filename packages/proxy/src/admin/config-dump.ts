// Turns what the proxy was started with and what it received into the JSON of envoy.admin.v3.ConfigDump.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--config_dump
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { ClusterLoadAssignmentSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { XdsType } from '@meltemi/api';
import type { XdsResourceState, XdsTypeState } from '../xds/xds-client.ts';
import type { AdminView } from './admin-view.ts';
import { keepNames, masked, resourceList, withoutEmpty } from './narrow-dump.ts';
import { anyJson, timestamp, typedJson } from './resource-json.ts';

export interface ConfigDumpQuery {
  readonly includeEndpoints: boolean;
  /** One list of a dump (`dynamic_listeners`) in place of all. */
  readonly resource?: string;
  /** The fields to keep of each section, or of each member of the list. */
  readonly mask?: string;
  /** Keeps the resources whose name it fits. */
  readonly keepsName?: (name: string) => boolean;
}

export function configDump(view: AdminView, query: ConfigDumpQuery): { readonly configs: readonly JsonValue[] } {
  const sections = [
    bootstrapDump(view),
    clustersDump(view),
    ...extensionsDump(view),
    ...(query.includeEndpoints ? [endpointsDump(view)] : []),
    listenersDump(view),
    section('ScopedRoutesConfigDump', {}),
    routesDump(view),
    secretsDump(view),
  ];
  const kept = query.keepsName ? sections.map((section) => keepNames(section, query.keepsName!)) : sections;
  const wanted = query.resource === undefined ? kept.map(withoutEmpty) : resourceList(kept, query.resource);
  return { configs: query.mask === undefined ? wanted : masked(wanted, query.mask) };
}

type Entry = JsonObject;
type Section = JsonObject;

function section(name: string, fields: Section): Section {
  return { '@type': `type.googleapis.com/envoy.admin.v3.${name}`, ...fields };
}

function bootstrapDump(view: AdminView): Section {
  const { '@type': _type, ...bootstrap } = typedJson(BootstrapSchema, view.bootstrap) as JsonObject;
  return section('BootstrapConfigDump', { bootstrap, last_updated: timestamp(view.startedMs) });
}

function clustersDump(view: AdminView): Section {
  const clusters = view.bootstrap.staticResources?.clusters ?? [];
  const warming = new Set(view.clusters().flatMap(({ state, name }) => (state === 'warming' ? [name] : [])));
  const dynamic = resources(view, 'CDS');
  const entry = (state: XdsResourceState) => dynamicEntry(state, 'cluster');
  return section('ClustersConfigDump', {
    version_info: version(view, 'CDS'),
    static_clusters: clusters.map((cluster) => ({
      cluster: typedJson(ClusterSchema, cluster),
      last_updated: timestamp(view.startedMs),
    })),
    dynamic_active_clusters: dynamic.filter(({ name }) => !warming.has(name)).map(entry),
    dynamic_warming_clusters: dynamic.filter(({ name }) => warming.has(name)).map(entry),
  });
}

/** Only there when extensions are discovered. */
function extensionsDump(view: AdminView): readonly Section[] {
  const filters = resources(view, 'ECDS').map((state) => dynamicEntry(state, 'ecds_filter'));
  return filters.length > 0 ? [section('EcdsConfigDump', { ecds_filters: filters })] : [];
}

function endpointsDump(view: AdminView): Section {
  const clusters = view.bootstrap.staticResources?.clusters ?? [];
  const assignments = clusters.flatMap((cluster) => cluster.loadAssignment ?? []);
  return section('EndpointsConfigDump', {
    static_endpoint_configs: assignments.map((assignment) => ({
      endpoint_config: typedJson(ClusterLoadAssignmentSchema, assignment),
      last_updated: timestamp(view.startedMs),
    })),
    dynamic_endpoint_configs: resources(view, 'EDS').map((state) => dynamicEntry(state, 'endpoint_config')),
  });
}

function listenersDump(view: AdminView): Section {
  return section('ListenersConfigDump', {
    version_info: version(view, 'LDS'),
    static_listeners: staticListeners(view),
    dynamic_listeners: dynamicListeners(view),
  });
}

function staticListeners(view: AdminView): Entry[] {
  const listeners = view.bootstrap.staticResources?.listeners ?? [];
  return listeners.map((listener) => ({
    listener: typedJson(ListenerSchema, listener),
    last_updated: timestamp(view.startedMs),
  }));
}

function dynamicListeners(view: AdminView): Entry[] {
  const states = new Map(view.listeners().map((listener) => [listener.name, listener.state]));
  return resources(view, 'LDS').map((state) => {
    const { error_state, ...fields } = dynamicEntry(state, 'listener');
    const held = state.accepted && { [`${states.get(state.name) ?? 'active'}_state`]: fields };
    return { name: state.name, ...held, ...(error_state && { error_state }) };
  });
}

/** Routes that stand in listeners are the static ones. */
function routesDump(view: AdminView): Section {
  const inline = routeConfigs([...staticListeners(view), ...dynamicListeners(view)]);
  return section('RoutesConfigDump', {
    static_route_configs: inline.map((routes) => ({
      route_config: { '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration', ...routes },
      last_updated: timestamp(view.startedMs),
    })),
    dynamic_route_configs: resources(view, 'RDS').map((state) => dynamicEntry(state, 'route_config')),
  });
}

function routeConfigs(value: JsonValue): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(routeConfigs);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'route_config' ? [member as JsonObject] : routeConfigs(member),
  );
}

function secretsDump(view: AdminView): Section {
  const secrets = resources(view, 'SDS').map((state): Entry => ({
    name: state.name,
    ...dynamicEntry(state, 'secret'),
  }));
  return section('SecretsConfigDump', {
    static_secrets: (view.bootstrap.staticResources?.secrets ?? []).map((secret) => ({
      name: secret.name,
      secret: typedJson(SecretSchema, secret),
      last_updated: timestamp(view.startedMs),
    })),
    dynamic_active_secrets: secrets.filter((secret) => 'secret' in secret),
    dynamic_warming_secrets: secrets.filter((secret) => !('secret' in secret)),
  });
}

function resources(view: AdminView, type: XdsType): readonly XdsResourceState[] {
  return typeStates(view, type).flatMap((state) => [...state.resources.values()]);
}

function version(view: AdminView, type: XdsType): string {
  return typeStates(view, type).find((state) => state.version !== '')?.version ?? '';
}

function typeStates(view: AdminView, type: XdsType): readonly XdsTypeState[] {
  return [...view.xds()].flatMap((client) => client.state().filter((state) => state.type === type));
}

function dynamicEntry(state: XdsResourceState, field: string): Entry {
  return {
    ...(state.version !== '' && { version_info: state.version }),
    ...(state.accepted && { [field]: anyJson(state.accepted), last_updated: timestamp(state.lastUpdatedMs) }),
    ...(state.failure && {
      error_state: {
        failed_configuration: anyJson(state.failure.refused),
        last_update_attempt: timestamp(state.failure.atMs),
        details: state.failure.message,
        version_info: state.failure.version,
      },
    }),
  };
}
