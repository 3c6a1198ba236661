// A value → the text that people read, and → a text that is equal for equal values.
import { formatGoDuration } from './duration-text.ts';
import { formatIpAddress } from './ip-address.ts';
import { formatTimestamp } from './timestamp-text.ts';
import { isDuration, isTimestamp, type StringMap, type Value } from './value.ts';

/** Text as it is, addresses and times as text, durations as Go writes them, maps as JSON with sorted keys. */
export function formatValue(value: Value): string {
  if (typeof value === 'number') return formatDouble(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return formatIpAddress(value);
  if (isDuration(value)) return formatGoDuration(value.nanoseconds);
  if (isTimestamp(value)) return formatTimestamp(value.nanoseconds);
  return formatMap(value);
}

function formatMap(map: StringMap): string {
  return JSON.stringify(Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1))));
}

function formatDouble(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
