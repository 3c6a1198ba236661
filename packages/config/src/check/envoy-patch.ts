// What of an EnvoyFilter's patch makes no sense: its parts against each other, and its value in Envoy's own API.
// https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-EnvoyConfigObjectPatch
import type { DescMessage } from '@bufbuild/protobuf';
import { extensionRegistry } from '@meltemi/api';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import {
  FilterChainSchema,
  FilterSchema,
  ListenerFilterSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { RouteSchema, VirtualHostSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { HttpFilterSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ApplyTo, EnvoyConfigPatch, ListenerPatchMatch } from '../model/envoy-filter.ts';
import { CODE } from '../problem-code.ts';
import type { Finding } from '../schema.ts';
import { protobufFindings } from './protobuf-value.ts';

const MANAGER = /^envoy\.(?:filters\.network\.)?http_connection_manager$/;

/** Which match belongs to what a patch is applied to; the others have none. */
const MATCHED_BY: Partial<Readonly<Record<ApplyTo, 'listener' | 'routeConfiguration' | 'cluster'>>> = {
  LISTENER: 'listener',
  LISTENER_FILTER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};

/** `patch` is of the schema's shape; paths lead on from it. */
export function checkEnvoyPatch(patch: EnvoyConfigPatch): Finding[] {
  if (patch.match?.context === 'WAYPOINT') return [];
  return [...checkOperation(patch), ...checkMatch(patch), ...checkValue(patch)];
}

function checkOperation({ patch: { operation, value } }: EnvoyConfigPatch): Finding[] {
  if (operation === undefined || operation === 'INVALID')
    return [{ path: ['patch'], code: CODE.missing, message: 'a patch needs the field "operation"' }];
  if (operation === 'REMOVE' || value !== undefined) return [];
  return [{ path: ['patch'], code: CODE.missing, message: 'a patch needs the field "value", unless it removes' }];
}

function checkMatch({ applyTo, match = {} }: EnvoyConfigPatch): Finding[] {
  const wanted = MATCHED_BY[applyTo];
  const others = (['listener', 'routeConfiguration', 'cluster'] as const).filter(
    (kind) => kind !== wanted && match[kind] !== undefined,
  );
  return [
    ...others.map((kind) => ({
      path: ['match', kind],
      code: CODE.exclusive,
      message: `patches of ${applyTo} are not matched by "${kind}"`,
      ...(wanted && { hint: `use "${wanted}"` }),
    })),
    ...(match.listener ? checkFilterMatch(applyTo, match.listener) : []),
  ];
}

function checkFilterMatch(applyTo: ApplyTo, { portName, filterChain }: ListenerPatchMatch): Finding[] {
  const at = ['match', 'listener', 'filterChain', 'filter'];
  const filter = filterChain?.filter;
  const unread = (path: readonly string[], message: string): Finding => ({
    path,
    code: CODE.badValue,
    message,
    severity: 'warning',
  });
  const findings = portName ? [unread(['match', 'listener', 'portName'], 'listeners are not matched by portName')] : [];
  if (!filter) return findings;
  if (!filter.name)
    return [...findings, { path: at, code: CODE.missing, message: 'a filter is matched by its "name"' }];
  if (applyTo === 'LISTENER' || applyTo === 'FILTER_CHAIN')
    findings.push(unread(at, `a filter is not asked for where the patch is of ${applyTo}`));
  return filter.subFilter ? [...findings, ...checkSubFilter(applyTo, filter.name, filter.subFilter.name)] : findings;
}

function checkSubFilter(applyTo: ApplyTo, filter: string, name: string | undefined): Finding[] {
  const path = ['match', 'listener', 'filterChain', 'filter', 'subFilter'];
  const wrong = (message: string): Finding[] => [{ path, code: CODE.badValue, message }];
  if (applyTo !== 'HTTP_FILTER') return wrong('only patches of HTTP_FILTER ask for a subFilter');
  if (!MANAGER.test(filter)) return wrong('only envoy.filters.network.http_connection_manager has subFilters');
  return name ? [] : [{ path, code: CODE.missing, message: 'a subFilter is matched by its "name"' }];
}

/** What the value of a patch is. */
const PATCHED: Readonly<Record<ApplyTo, DescMessage>> = {
  LISTENER: ListenerSchema,
  LISTENER_FILTER: ListenerFilterSchema,
  FILTER_CHAIN: FilterChainSchema,
  NETWORK_FILTER: FilterSchema,
  HTTP_FILTER: HttpFilterSchema,
  ROUTE_CONFIGURATION: RouteConfigurationSchema,
  VIRTUAL_HOST: VirtualHostSchema,
  HTTP_ROUTE: RouteSchema,
  CLUSTER: ClusterSchema,
  EXTENSION_CONFIG: TypedExtensionConfigSchema,
  BOOTSTRAP: BootstrapSchema,
};

/** Proxies ask for these by their names. */
const NAMED: readonly ApplyTo[] = ['LISTENER', 'CLUSTER', 'EXTENSION_CONFIG'];

function checkValue({ applyTo, patch: { operation, value } }: EnvoyConfigPatch): Finding[] {
  if (value === undefined) return [];
  const findings = protobufFindings(PATCHED[applyTo], value, extensionRegistry());
  const named = typeof value === 'object' && value !== null && 'name' in value && value.name !== '';
  return [
    ...findings.map((finding) => ({ ...finding, path: ['patch', 'value', ...finding.path] })),
    ...(!named && NAMED.includes(applyTo) && operation !== 'MERGE' && operation !== 'MERGE_AND_REPLACE_LIST'
      ? [{ path: ['patch', 'value'], code: CODE.missing, message: `what is added as ${applyTo} needs a "name"` }]
      : []),
  ];
}
