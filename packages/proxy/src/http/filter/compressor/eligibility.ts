// Says whether a message is one to compress, and of a response why not.
import type { Headers } from '@meltemi/wire';
import type { FilteredResponse } from '../http-filter.ts';
import type { CompressingFilter } from './compressing-filter.ts';
import type { DirectionRules } from './compressor-rules.ts';
import type { DirectionStats } from './compressor-stats.ts';
import { hasToken, mediaType } from './header-tokens.ts';

/** As `x-envoy-compression-status` says it, but for `Disabled` and `NotForUs`, of which it does not speak. */
export type Refusal =
  | 'Disabled'
  | 'NotForUs'
  | 'ContentLengthTooSmall'
  | 'ContentTypeNotAllowed'
  | 'EtagNotAllowed'
  | 'StatusCodeNotAllowed';

/** Undefined: it can be compressed, for clients that accept it. */
export function refusalOf(response: FilteredResponse, filter: CompressingFilter): Refusal | undefined {
  const { status, headers } = response;
  const { response: rules, responseStats, choiceStats } = filter;
  // Who says the status looks first at what nobody may change.
  if (rules.saysStatus && isFinished(response)) return 'NotForUs';
  if (!isBigEnough(headers, rules, responseStats)) return 'ContentLengthTooSmall';
  if (!isOfType(headers, rules)) return 'ContentTypeNotAllowed';
  if (isFinished(response)) return 'NotForUs';
  if (!rules.compressesTagged && headers.has('etag')) {
    choiceStats.notCompressedEtag.increment();
    return 'EtagNotAllowed';
  }
  return rules.uncompressible.has(status) ? 'StatusCodeNotAllowed' : undefined;
}

export function isSilent(status: string): boolean {
  return status === 'Disabled' || status === 'NotForUs';
}

/** Counts what is not. Without a length a message is. */
export function isBigEnough(headers: Headers, rules: DirectionRules, stats: DirectionStats): boolean {
  const length = headers.get('content-length');
  if (length === undefined || Number(length) >= rules.minLength) return true;
  stats.tooSmall.increment();
  return false;
}

export function isOfType(headers: Headers, { contentTypes }: DirectionRules): boolean {
  const type = mediaType(headers.get('content-type'));
  return type === undefined || contentTypes.has(type);
}

/** Another protocol, compressed already, or to be left as it is. */
function isFinished({ status, headers }: FilteredResponse): boolean {
  return status === 101 || headers.has('content-encoding') || hasToken(headers.get('cache-control'), 'no-transform');
}
