// The value of an attribute → what a map finds it by; within one kind no two values have the same.
import { isDuration, isTimestamp, type Value } from '../values/value.ts';

export type Key = string | bigint | boolean | number;

export type ValueKind = 'string' | 'bigint' | 'number' | 'boolean' | 'bytes' | 'duration' | 'timestamp';

/** Undefined for a map: answers depend on its entries, never on the whole. */
export function valueKind(value: Value): ValueKind | undefined {
  if (typeof value !== 'object') return typeof value as 'string' | 'bigint' | 'number' | 'boolean';
  if (value instanceof Uint8Array) return 'bytes';
  if (isDuration(value)) return 'duration';
  return isTimestamp(value) ? 'timestamp' : undefined;
}

/** Undefined for a value of another kind. */
export function valueKey(value: Value, kind: ValueKind): Key | undefined {
  if (typeof value === kind) return Object.is(value, -0) ? '-0' : (value as Key);
  if (typeof value !== 'object' || valueKind(value) !== kind) return undefined;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return 'nanoseconds' in value ? value.nanoseconds : undefined;
}
