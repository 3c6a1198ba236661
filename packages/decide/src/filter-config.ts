// Reads the per-route configuration of the HTTP filters that decisions know, from the levels that can carry it.
import { unpackAny } from '@meltemi/api';
import { CorsPolicySchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { compileCors, type CorsFields, type CorsRule } from './cors.ts';
import { DecideError } from './decide-error.ts';
import { compileFault, type FaultRule } from './fault.ts';
import { type FilterConfigs, hasFilter, type RouteConfigReaders, unwrapFilterConfig } from './route-filter-config.ts';

/** What the listener's HTTP filters say where no route does. */
export interface ListenerFilters extends RouteConfigReaders {
  readonly fault: FaultRule | undefined;
  /** What the listener calls the two: routes configure them by these names. */
  readonly faultName: string;
  readonly corsName: string;
}

/** The fault of the most specific level, else the listener's. Levels come with the most specific first. */
export function faultOf(levels: readonly FilterConfigs[], filters: ListenerFilters): FaultRule | undefined {
  const { faultName } = filters;
  if (!hasFilter(filters, faultName)) return undefined;
  const [fault] = messagesOf(levels, faultName, HTTPFaultSchema);
  if (fault === DISABLED) return undefined;
  return fault ? compileFault(fault) : filters.fault;
}

/** The CORS policies of all levels joined; `older` are the fields that count where no level configures the filter. */
export function corsOf(
  levels: readonly FilterConfigs[],
  older: readonly CorsFields[],
  filters: ListenerFilters,
): CorsRule | undefined {
  const { corsName } = filters;
  if (!hasFilter(filters, corsName)) return undefined;
  const [first, ...others] = messagesOf(levels, corsName, CorsPolicySchema);
  if (first === DISABLED) return undefined;
  const policies = first ? [first, ...others.filter((policy) => policy !== DISABLED)] : older;
  return compileCors(policies);
}

const DISABLED = 'disabled';

function messagesOf<Desc extends DescMessage>(
  levels: readonly FilterConfigs[],
  name: string,
  schema: Desc,
): readonly (MessageShape<Desc> | typeof DISABLED)[] {
  return levels.flatMap((configs): readonly (MessageShape<Desc> | typeof DISABLED)[] => {
    const given = configs[name];
    if (!given) return [];
    const { disabled, config } = unwrapFilterConfig(given);
    if (disabled) return [DISABLED];
    if (!config) return [];
    const message = unpackAny(config, schema);
    if (!message) throw new DecideError('BAD_FILTER', `${name}: ${config.typeUrl} where ${schema.typeName} belongs`);
    return [message];
  });
}
