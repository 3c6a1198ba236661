// Reads the per-route configuration of HTTP filters from the levels that can carry it.
import { unpackAny } from '@meltemi/api';
import { CorsPolicySchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { compileCors, type CorsFields, type CorsRule } from './cors.ts';
import { DecideError } from './decide-error.ts';
import { compileFault, type FaultRule } from './fault.ts';

/** `typed_per_filter_config` of a weighted cluster, route, virtual host or route configuration. */
export type FilterConfigs = Readonly<Record<string, Any>>;

export const FAULT_FILTER = 'envoy.filters.http.fault';
export const CORS_FILTER = 'envoy.filters.http.cors';

/** What the listener's HTTP filters say where no route does. */
export interface ListenerFilters {
  readonly fault: FaultRule | undefined;
  /** Per-route configuration of filters that the listener lacks has no effect. Undefined: it has all. */
  readonly names: ReadonlySet<string> | undefined;
}

/** Throws DecideError UNSUPPORTED for a filter that has no per-route configuration here. */
export function checkFilterConfigs(configs: FilterConfigs): void {
  for (const name of Object.keys(configs)) {
    if (name !== FAULT_FILTER && name !== CORS_FILTER) {
      throw new DecideError('UNSUPPORTED', `typed_per_filter_config of ${name}`);
    }
  }
}

/** The fault of the most specific level, else the listener's. Levels come with the most specific first. */
export function faultOf(levels: readonly FilterConfigs[], filters: ListenerFilters): FaultRule | undefined {
  if (!has(filters, FAULT_FILTER)) return undefined;
  const [fault] = messagesOf(levels, FAULT_FILTER, HTTPFaultSchema);
  return fault ? compileFault(fault) : filters.fault;
}

/** The CORS policies of all levels joined; `older` are the fields that count where no level configures the filter. */
export function corsOf(
  levels: readonly FilterConfigs[],
  older: readonly CorsFields[],
  filters: ListenerFilters,
): CorsRule | undefined {
  if (!has(filters, CORS_FILTER)) return undefined;
  const policies = messagesOf(levels, CORS_FILTER, CorsPolicySchema);
  return compileCors(policies.length > 0 ? policies : older);
}

function has(filters: ListenerFilters, name: string): boolean {
  return filters.names?.has(name) ?? true;
}

function messagesOf<Desc extends DescMessage>(
  levels: readonly FilterConfigs[],
  name: string,
  schema: Desc,
): readonly MessageShape<Desc>[] {
  return levels.flatMap((configs) => {
    const any = configs[name];
    if (!any) return [];
    const message = unpackAny(any, schema);
    if (!message) throw new DecideError('BAD_FILTER', `${name}: ${any.typeUrl} where ${schema.typeName} belongs`);
    return [message];
  });
}
