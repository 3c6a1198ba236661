// Two values → whether they are the same, of the same kind.
import type { StringMap, Value } from './value.ts';

/** Addresses are their bytes: an IPv4 address has two forms, which are two values. Maps are their entries, in any order. */
export function sameValue(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b);
  if (b instanceof Uint8Array) return false;
  if ('kind' in a) return 'kind' in b && a.kind === b.kind && a.nanoseconds === b.nanoseconds;
  return !('kind' in b) && sameEntries(a, b);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function sameEntries(a: StringMap, b: StringMap): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
