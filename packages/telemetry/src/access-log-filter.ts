// Compiles the filter of an access log into a predicate over entries.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/accesslog/v3/accesslog.proto#config-accesslog-v3-accesslogfilter
import {
  type AccessLogFilter,
  type ComparisonFilter,
  ComparisonFilter_Op as Op,
} from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import { AccessLogError } from './access-log-error.ts';
import type { AccessLogEntry } from './access-log-entry.ts';

export type EntryFilter = (entry: AccessLogEntry) => boolean;

/** No filter passes all. Throws AccessLogError for kinds that can't be honoured. */
export function compileFilter(filter: AccessLogFilter | undefined): EntryFilter {
  if (!filter) return () => true;
  const kind = filter.filterSpecifier;
  switch (kind.case) {
    case 'statusCodeFilter':
      return compare(kind.value.comparison, (entry) => entry.responseCode);
    case 'durationFilter':
      return compare(kind.value.comparison, (entry) => entry.durationMs);
    case 'responseFlagFilter':
      return responseFlags(kind.value.flags);
    case 'andFilter':
      return every(kind.value.filters.map(compileFilter));
    case 'orFilter':
      return some(kind.value.filters.map(compileFilter));
    default:
      throw new AccessLogError('UNSUPPORTED_FILTER', `access log filter ${kind.case ?? '(empty)'} is not supported`);
  }
}

/** The value may be overridden by a runtime key in Envoy; here the default counts. */
function compare(comparison: ComparisonFilter | undefined, value: (entry: AccessLogEntry) => number): EntryFilter {
  const limit = comparison?.value?.defaultValue ?? 0;
  switch (comparison?.op ?? Op.EQ) {
    case Op.EQ:
      return (entry) => value(entry) === limit;
    case Op.GE:
      return (entry) => value(entry) >= limit;
    case Op.LE:
      return (entry) => value(entry) <= limit;
    default:
      throw new AccessLogError('UNSUPPORTED_FILTER', `access log comparison ${comparison?.op} is not supported`);
  }
}

/** Without flags: any flag. */
function responseFlags(wanted: readonly string[]): EntryFilter {
  return (entry) => {
    const flags = entry.responseFlags ? entry.responseFlags.split(',') : [];
    return wanted.length === 0 ? flags.length > 0 : flags.some((flag) => wanted.includes(flag));
  };
}

function every(filters: readonly EntryFilter[]): EntryFilter {
  return (entry) => filters.every((filter) => filter(entry));
}

function some(filters: readonly EntryFilter[]): EntryFilter {
  return (entry) => filters.some((filter) => filter(entry));
}
