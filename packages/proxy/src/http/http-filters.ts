// Turns the HTTP filters of a connection manager into the settings of those that this sidecar has, in the one order it runs them.
import { fromBinary } from '@bufbuild/protobuf';
import { type HTTPFault, HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { RBACSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { RouterSchema } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import type { HttpFilter } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { type AccessFilter, compileHttpAccess } from '@meltemi/decide';
import { FilterConfigError } from './http-config-error.ts';

export interface HttpFilters {
  /** Who may call, before all else. */
  readonly access: readonly AccessFilter[];
  readonly fault: HTTPFault | undefined;
  /** The names under which routes configure the filters. */
  readonly names: ReadonlySet<string>;
  readonly suppressEnvoyHeaders: boolean;
}

/** Filters by the message of their config; access rules come first, `decide` runs cors and fault, the router is always last. */
const KNOWN = {
  'envoy.extensions.filters.http.cors.v3.Cors': 'cors',
  'envoy.extensions.filters.http.fault.v3.HTTPFault': 'fault',
  'envoy.extensions.filters.http.rbac.v3.RBAC': 'access',
  'envoy.extensions.filters.http.router.v3.Router': 'router',
} as const;

/** Throws FilterConfigError naming a required filter that is unknown, and DecideError for access rules that can't be judged. */
export function compileHttpFilters(filters: readonly HttpFilter[]): HttpFilters {
  const enabled = filters.filter((filter) => !filter.disabled);
  const known = enabled.flatMap((filter) => {
    const kind = kindOf(filter);
    return kind ? [{ filter, kind }] : [];
  });
  if (known.at(-1)?.kind !== 'router') throw new FilterConfigError('BAD_FILTER', 'the last HTTP filter is no router');
  const fault = known.find(({ kind }) => kind === 'fault');
  const router = known.at(-1)!;
  const access = known.filter(({ kind }) => kind === 'access');
  return {
    access: access.map(({ filter }) => compileHttpAccess(fromBinary(RBACSchema, configOf(filter)))),
    fault: fault && fromBinary(HTTPFaultSchema, configOf(fault.filter)),
    names: new Set(known.map(({ filter }) => filter.name)),
    suppressEnvoyHeaders: fromBinary(RouterSchema, configOf(router.filter)).suppressEnvoyHeaders,
  };
}

function kindOf(filter: HttpFilter): (typeof KNOWN)[keyof typeof KNOWN] | undefined {
  const typeName = filter.configType.case === 'typedConfig' ? typeNameOf(filter.configType.value.typeUrl) : '';
  if (Object.hasOwn(KNOWN, typeName)) return KNOWN[typeName as keyof typeof KNOWN];
  if (filter.isOptional) return undefined;
  const shown = typeName || (filter.configType.case ?? 'no config');
  throw new FilterConfigError('UNKNOWN_FILTER', `HTTP filter ${filter.name}: unknown type ${shown}`);
}

function configOf(filter: HttpFilter): Uint8Array {
  return filter.configType.case === 'typedConfig' ? filter.configType.value.value : new Uint8Array();
}

function typeNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
