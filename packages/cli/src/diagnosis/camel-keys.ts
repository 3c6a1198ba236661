// JSON with protobuf's field names → the same in lowerCamelCase, as istioctl prints it; maps keep their keys.
import type { JsonValue } from '@bufbuild/protobuf';

/** Their content is anybody's, not a message: names in it stay. */
const MAPS: ReadonlySet<string> = new Set(['filter_metadata', 'node_metadata']);

export function camelKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [camel(key), isFree(key, member) ? member : camelKeys(member)]),
  );
}

/** The metadata of a node is a Struct itself; that of other messages holds `filter_metadata`. */
function isFree(key: string, member: JsonValue): boolean {
  if (MAPS.has(key)) return true;
  return key === 'metadata' && typeof member === 'object' && member !== null && !('filter_metadata' in member);
}

function camel(key: string): string {
  return /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(key)
    ? key.replaceAll(/_([a-z0-9])/g, (_, next: string) => next.toUpperCase())
    : key;
}
