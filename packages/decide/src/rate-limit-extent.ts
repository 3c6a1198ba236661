// Says how much a request counts against a rate limit, and which limit counts in the place of the configured one.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type {
  RateLimit_HitsAddend as HitsAddend,
  RateLimit_Override as Override,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { MetadataKey } from '@meltemi/api/envoy/type/metadata/v3/metadata_pb';
import { RateLimitUnit } from '@meltemi/api/envoy/type/v3/ratelimit_unit_pb';
import { DecideError } from './decide-error.ts';
import { parseFormat, renderFormat } from './format.ts';
import type { RateLimitView } from './rate-limit-view.ts';

export interface RateLimitOverride {
  readonly requestsPerUnit: number;
  readonly unit: RateLimitUnit;
}

/** Undefined: none. */
export type LimitOf = (view: RateLimitView) => RateLimitOverride | undefined;

/** `nothing`: the request doesn't say how much it counts, and isn't counted. */
export type HitsOf = (view: RateLimitView) => number | 'nothing';

/** Envoy's own: of a configured number. */
const MAX_HITS = 1_000_000_000n;

/** Throws DecideError. */
export function compileLimitOverride({ overrideSpecifier }: Override): LimitOf {
  const key = overrideSpecifier.case === 'dynamicMetadata' ? overrideSpecifier.value.metadataKey : undefined;
  if (!key) throw new DecideError('UNSUPPORTED', 'rate_limits: limit without dynamic_metadata');
  return ({ request }) => {
    const found = metadataValue(request.metadata, key);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? overrideOf(found) : undefined;
  };
}

function overrideOf({ requests_per_unit: count, unit: name }: JsonObject): RateLimitOverride | undefined {
  const unit = typeof name === 'string' ? UNITS.get(name) : undefined;
  return typeof count === 'number' && unit !== undefined ? { requestsPerUnit: Math.trunc(count), unit } : undefined;
}

const UNITS: ReadonlyMap<string, RateLimitUnit> = new Map([
  ['UNKNOWN', RateLimitUnit.UNKNOWN],
  ['SECOND', RateLimitUnit.SECOND],
  ['MINUTE', RateLimitUnit.MINUTE],
  ['HOUR', RateLimitUnit.HOUR],
  ['DAY', RateLimitUnit.DAY],
  ['MONTH', RateLimitUnit.MONTH],
  ['YEAR', RateLimitUnit.YEAR],
]);

/** Throws DecideError. */
export function compileHits({ number, format }: HitsAddend): HitsOf | undefined {
  if (number !== undefined && format !== '')
    throw new DecideError('BAD_ACTION', 'rate_limits: hits_addend has one of number and format');
  if (number !== undefined) {
    if (number > MAX_HITS) throw new DecideError('BAD_ACTION', `rate_limits: hits_addend ${number} is too large`);
    const hits = Number(number);
    return () => hits;
  }
  if (format === '') return undefined;
  const parsed = parseFormat(format);
  if (typeof parsed === 'string' || parsed.length !== 1)
    throw new DecideError('BAD_FORMAT', 'rate_limits: the format of hits_addend is one command');
  return ({ request }) => {
    const text = renderFormat(parsed, request).trim();
    const hits = text === '' ? Number.NaN : Number(text);
    return hits >= 0 && hits <= Number(MAX_HITS) ? Math.trunc(hits) : 'nothing';
  };
}

/** Undefined: there is none. */
export function metadataValue(
  metadata: Readonly<Record<string, JsonObject>> | undefined,
  { key, path }: MetadataKey,
): JsonValue | undefined {
  let value: JsonValue | undefined = metadata?.[key];
  for (const { segment } of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const name = segment.value ?? '';
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}
