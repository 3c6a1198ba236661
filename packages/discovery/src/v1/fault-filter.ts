// The fault of a rule → Envoy's v1 fault filter for the requests that the rule sends to a cluster.
import { parseDuration } from '@meltemi/base';
import type { RouteRule } from '@meltemi/config';
import type { FilterDocument, HeaderMatchDocument } from './documents.ts';

type Fault = NonNullable<RouteRule['httpFault']>;

export interface FaultTarget {
  readonly cluster: string;
  readonly headers: readonly HeaderMatchDocument[] | undefined;
}

/** None where neither part of the fault ever happens. */
export function faultFilters(fault: Fault | undefined, { cluster, headers }: FaultTarget): readonly FilterDocument[] {
  const abort = abortOf(fault?.abort);
  const delay = delayOf(fault?.delay);
  if (!abort && !delay) return [];
  const config = {
    ...(abort && { abort }),
    ...(delay && { delay }),
    ...(headers && { headers }),
    upstream_cluster: cluster,
  };
  return [{ type: 'decoder', name: 'fault', config }];
}

function abortOf(abort: Fault['abort']): object | undefined {
  const percent = Math.trunc(abort?.percent ?? 0);
  return percent > 0 ? { abort_percent: percent, http_status: abort!.httpStatus } : undefined;
}

function delayOf(delay: Fault['delay']): object | undefined {
  const percent = Math.trunc(delay?.percent ?? 0);
  const duration = parseDuration(delay?.fixedDelay ?? '0') ?? 0;
  if (percent <= 0 || duration <= 0) return undefined;
  return { type: 'fixed', fixed_delay_percent: percent, fixed_duration_ms: duration };
}
