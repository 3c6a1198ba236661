// The configuration of a quota adapter → limits by the names of quotas, and by their dimensions.
import type { QuotaAlgorithm, QuotaLimit } from '../quota/quota-counters.ts';

import type { SpecReader } from './spec-reader.ts';

/** A limit for those dimensions that have all of these values. */
export interface QuotaOverride extends QuotaLimit {
  readonly dimensions: readonly (readonly [string, string])[];
}

export interface QuotaLimits {
  readonly name: string;
  readonly base: QuotaLimit;
  readonly overrides: readonly QuotaOverride[];
}

/** The first is what holds where none is said. */
export type Algorithms = readonly [QuotaAlgorithm, QuotaAlgorithm];

/** What an override does not say, the quota does. */
export function readQuota(spec: SpecReader, algorithms: Algorithms): QuotaLimits {
  const name = spec.text('name');
  if (name === '') spec.refuse('name', 'is required');
  const algorithm = spec.oneOf('rateLimitAlgorithm', algorithms);
  const base = readLimit(spec, { maxAmount: 0, lengthMs: 0, algorithm, ...readBucket(spec) });
  const overrides = spec.objects('overrides').map((override): QuotaOverride => {
    const dimensions = Object.entries(override.fields('dimensions')).map(
      ([key, value]) => [key, String(value)] as const,
    );
    return { ...readLimit(override, base), dimensions };
  });
  return { name, base, overrides };
}

export function limitOf({ base, overrides }: QuotaLimits, given: ReadonlyMap<string, string>): QuotaLimit {
  const applies = ({ dimensions }: QuotaOverride) => dimensions.every(([name, value]) => given.get(name) === value);
  return overrides.find(applies) ?? base;
}

function readLimit(spec: SpecReader, otherwise: QuotaLimit): QuotaLimit {
  const maxAmount = spec.integer('maxAmount', otherwise.maxAmount);
  const lengthMs = spec.durationMs('validDuration', otherwise.lengthMs);
  if (maxAmount < 0) spec.refuse('maxAmount', 'must not be negative');
  if (lengthMs < 0) spec.refuse('validDuration', 'must not be negative');
  return { ...otherwise, maxAmount: Math.max(0, maxAmount), lengthMs: Math.max(0, lengthMs) };
}

function readBucket(spec: SpecReader): { readonly bucketMs?: number } {
  const bucketMs = spec.durationMs('bucketDuration', 0);
  return bucketMs > 0 ? { bucketMs } : {};
}
