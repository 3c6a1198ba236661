// How much passed in one stretch of time: requests with their codes and durations, or bytes.
import { HISTOGRAM_BOUNDS } from '@meltemi/telemetry';

/** Upper bound in milliseconds → how many took at most so long (cumulative, as Prometheus writes buckets). */
export type Buckets = ReadonlyMap<number, number>;

export interface Amount {
  readonly requests: number;
  readonly errors: number;
  readonly bytes: number;
  /** Requests in mutual TLS, and in anything else, as the server's side saw them. */
  readonly mutual: number;
  readonly plain: number;
  readonly codes: ReadonlyMap<string, number>;
  readonly buckets: Buckets;
}

export const NOTHING: Amount = {
  requests: 0,
  errors: 0,
  bytes: 0,
  mutual: 0,
  plain: 0,
  codes: new Map(),
  buckets: new Map(),
};

export function sumOf(amounts: readonly Amount[]): Amount {
  if (amounts.length < 2) return amounts[0] ?? NOTHING;
  const total = (of: (amount: Amount) => number) => amounts.reduce((sum, amount) => sum + of(amount), 0);
  return {
    requests: total(({ requests }) => requests),
    errors: total(({ errors }) => errors),
    bytes: total(({ bytes }) => bytes),
    mutual: total(({ mutual }) => mutual),
    plain: total(({ plain }) => plain),
    codes: joined(amounts.map(({ codes }) => codes)),
    buckets: joined(amounts.map(({ buckets }) => buckets)),
  };
}

/** The time that the part `quantile` of the requests took at most, interpolated in its bucket; null: none was measured. */
export function quantileOf(buckets: Buckets, quantile: number): number | null {
  const bounds = [...buckets].toSorted(([a], [b]) => a - b);
  const rank = quantile * (bounds.at(-1)?.[1] ?? 0);
  let below = 0;
  for (const [bound, upTo] of bounds) {
    if (upTo >= rank && upTo > below) return within(bound, (rank - below) / (upTo - below));
    below = upTo;
  }
  return null;
}

/** The last bucket has no end: what is known of it is where it begins. */
function within(bound: number, part: number): number {
  const lower = HISTOGRAM_BOUNDS.findLast((candidate) => candidate < bound) ?? 0;
  return bound === Infinity ? lower : lower + (bound - lower) * part;
}

function joined<Key>(maps: readonly ReadonlyMap<Key, number>[]): ReadonlyMap<Key, number> {
  const sum = new Map<Key, number>();
  for (const map of maps) for (const [key, value] of map) sum.set(key, (sum.get(key) ?? 0) + value);
  return sum;
}
