// Compiles the filter of an access log into a predicate over entries.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/accesslog/v3/accesslog.proto#config-accesslog-v3-accesslogfilter
import {
  type AccessLogFilter,
  type ComparisonFilter,
  ComparisonFilter_Op as Op,
  type ExtensionFilter,
  type GrpcStatusFilter,
  type LogTypeFilter,
  type RuntimeFilter,
} from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import type { HeaderMatcher } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { AccessLogType as LogType } from '@meltemi/api/envoy/data/accesslog/v3/accesslog_pb';
import type { MetadataMatcher } from '@meltemi/api/envoy/type/matcher/v3/metadata_pb';
import { FractionalPercent_DenominatorType as Denominator } from '@meltemi/api/envoy/type/v3/percent_pb';
import type { Dice } from '@meltemi/base';
import { AccessLogError } from './access-log-error.ts';
import type { AccessLogEntry } from './access-log-entry.ts';
import { grpcStatusOf } from './access-log-grpc-status.ts';
import { logTypeOf } from './log-type.ts';
import { RESPONSE_FLAGS } from './response-flags.ts';

export type EntryFilter = (entry: AccessLogEntry) => boolean;

/** What filters need that others know how to do. */
export interface FilterParts {
  readonly dice: Dice;
  /** Of the request's headers. Throws what is wrong with the matcher. */
  header(matcher: HeaderMatcher): EntryFilter;
  /** Of dynamic metadata; `otherwise`: the verdict where the key is not there. Throws what is wrong with the matcher. */
  metadata(matcher: MetadataMatcher, otherwise: boolean): EntryFilter;
  /** Undefined: no such extension is known. Throws what is wrong with it. */
  extension?(filter: ExtensionFilter): EntryFilter | undefined;
}

/** No filter passes all. Throws AccessLogError for kinds that can't be honoured. */
export function compileFilter(filter: AccessLogFilter | undefined, parts?: FilterParts): EntryFilter {
  if (!filter) return () => true;
  const kind = filter.filterSpecifier;
  switch (kind.case) {
    case 'statusCodeFilter':
      return compare(kind.value.comparison, (entry) => entry.responseCode);
    case 'durationFilter':
      return compare(kind.value.comparison, (entry) => Math.floor(entry.durationMs));
    case 'notHealthCheckFilter':
      return (entry) => entry.healthCheck !== true;
    case 'traceableFilter':
      return (entry) => entry.traced === true;
    case 'andFilter':
      return every(kind.value.filters.map((inner) => compileFilter(inner, parts)));
    case 'orFilter':
      return some(kind.value.filters.map((inner) => compileFilter(inner, parts)));
    case 'responseFlagFilter':
      return responseFlags(kind.value.flags);
    case 'grpcStatusFilter':
      return grpcStatus(kind.value);
    case 'logTypeFilter':
      return logType(kind.value);
    default:
      return parts ? compileWith(kind, parts) : refuse(kind.case);
  }
}

type Specifier = AccessLogFilter['filterSpecifier'];

function compileWith(kind: Specifier, parts: FilterParts): EntryFilter {
  switch (kind.case) {
    case 'runtimeFilter':
      return fraction(kind.value, parts.dice);
    case 'headerFilter':
      return kind.value.header ? parts.header(kind.value.header) : refuse('headerFilter without a header');
    case 'metadataFilter': {
      const { matcher, matchIfKeyNotFound = true } = kind.value;
      return matcher ? parts.metadata(matcher, matchIfKeyNotFound) : () => matchIfKeyNotFound;
    }
    case 'extensionFilter':
      return parts.extension?.(kind.value) ?? refuse(`extension ${kind.value.name}`);
    default:
      return refuse(kind.case);
  }
}

function refuse(kind: string | undefined): never {
  throw unsupported(kind ?? '(empty)');
}

function unsupported(what: string): AccessLogError {
  return new AccessLogError('UNSUPPORTED_FILTER', `access log filter ${what} is not supported`);
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
  for (const flag of wanted) if (!RESPONSE_FLAGS.has(flag)) throw unsupported(`response flag ${flag}`);
  return (entry) => {
    const flags = entry.responseFlags ? entry.responseFlags.split(',') : [];
    return wanted.length === 0 ? flags.length > 0 : flags.some((flag) => wanted.includes(flag));
  };
}

function grpcStatus({ statuses, exclude }: GrpcStatusFilter): EntryFilter {
  const wanted = new Set<number>(statuses);
  return (entry) => wanted.has(grpcStatusOf(entry)) !== exclude;
}

function logType({ types, exclude }: LogTypeFilter): EntryFilter {
  const wanted = new Set(types.map((type) => LogType[type]));
  return (entry) => wanted.has(logTypeOf(entry)) !== exclude;
}

const DENOMINATORS: Readonly<Record<Denominator, number>> = {
  [Denominator.HUNDRED]: 100,
  [Denominator.TEN_THOUSAND]: 10_000,
  [Denominator.MILLION]: 1_000_000,
};

/** All proxies on the way of a request decide alike, by its id, unless each is to throw its own dice. */
function fraction({ percentSampled, useIndependentRandomness }: RuntimeFilter, dice: Dice): EntryFilter {
  const scale = DENOMINATORS[percentSampled?.denominator ?? Denominator.HUNDRED];
  const numerator = percentSampled?.numerator ?? 0;
  const roll = () => Math.floor(dice.roll() * scale);
  if (useIndependentRandomness) return () => roll() < numerator;
  return (entry) => {
    const id = entry.requestHeaders?.get('x-request-id')?.slice(0, 8);
    const value = id !== undefined && /^[\da-f]{8}$/i.test(id) ? parseInt(id, 16) % scale : roll();
    return value < numerator;
  };
}

function every(filters: readonly EntryFilter[]): EntryFilter {
  return (entry) => filters.every((filter) => filter(entry));
}

function some(filters: readonly EntryFilter[]): EntryFilter {
  return (entry) => filters.some((filter) => filter(entry));
}
