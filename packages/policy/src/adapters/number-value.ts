// The value of a metric → a number: durations in seconds, true as 1.
import { isDuration, type Value } from '../values/value.ts';

/** Undefined for a value that is no number. */
export function numberValue(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  if (typeof value === 'object' && isDuration(value)) return Number(value.nanoseconds) / 1e9;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}
