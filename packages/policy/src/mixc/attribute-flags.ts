// `name=value,…` texts of mixc's flags → attributes.
import { parseGoDuration } from '../values/duration-text.ts';
import { parseTimestamp } from '../values/timestamp-text.ts';
import { duration, timestamp, type Value } from '../values/value.ts';

import { MixcError } from './mixc-error.ts';

/** Undefined for a text that is not of the kind. */
type Read = (text: string) => Value | undefined;

/** In the order in which the original takes them: later ones win. `attributes` senses what a value is. */
export const ATTRIBUTE_FLAGS = {
  string_attributes: { short: 's', read: (text) => text, kind: 'a string' },
  int64_attributes: { short: 'i', read: readInt64, kind: 'an int64' },
  double_attributes: { short: 'd', read: readDouble, kind: 'a double' },
  bool_attributes: { short: 'b', read: readBool, kind: 'a bool' },
  timestamp_attributes: { short: 't', read: readTimestamp, kind: 'a timestamp like 2017-07-04T00:01:10Z' },
  duration_attributes: { short: undefined, read: readDuration, kind: 'a duration like 1.5s' },
  bytes_attributes: { short: undefined, read: readBytes, kind: 'bytes like c0:0:0:2' },
  stringmap_attributes: { short: undefined, read: readStringMap, kind: 'key:value;key:value' },
  attributes: { short: 'a', read: senseValue, kind: 'a value' },
} satisfies Readonly<
  Record<string, { readonly short: string | undefined; readonly read: Read; readonly kind: string }>
>;

export type AttributeFlag = keyof typeof ATTRIBUTE_FLAGS;

/** Throws MixcError. */
export function readAttributes(flags: Partial<Record<AttributeFlag, string>>): ReadonlyMap<string, Value> {
  const names = Object.keys(ATTRIBUTE_FLAGS) as readonly AttributeFlag[];
  return new Map(names.flatMap((flag) => readFlag(flag, flags[flag] ?? '')));
}

function readFlag(flag: AttributeFlag, text: string): readonly (readonly [string, Value])[] {
  const { read, kind }: { readonly read: Read; readonly kind: string } = ATTRIBUTE_FLAGS[flag];
  return readPairs(text, `attribute value`).map(([name, written]) => {
    const value = read(written);
    if (value === undefined) throw new MixcError(`--${flag}: ${name}: ${JSON.stringify(written)} is not ${kind}`);
    return [name, value] as const;
  });
}

/** `a=1,b=2`. Throws MixcError. */
export function readPairs(text: string, what: string): readonly (readonly [string, string])[] {
  if (text === '') return [];
  return text.split(',').map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 0) throw new MixcError(`${what} ${pair} does not include an = sign`);
    if (equals === 0) throw new MixcError(`${what} ${pair} does not contain a valid name`);
    return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
  });
}

function senseValue(text: string): Value {
  for (const read of [readInt64, readDouble, readBool, readTimestamp, readDuration, readBytes, readStringMap]) {
    const value = read(text);
    if (value !== undefined) return value;
  }
  return text;
}

function readInt64(text: string): Value | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

function readDouble(text: string): Value | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** As Go's strconv.ParseBool. */
function readBool(text: string): Value | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}

function readTimestamp(text: string): Value | undefined {
  const nanoseconds = parseTimestamp(text);
  return nanoseconds === undefined ? undefined : timestamp(nanoseconds);
}

function readDuration(text: string): Value | undefined {
  const nanoseconds = parseGoDuration(text);
  return nanoseconds === undefined ? undefined : duration(nanoseconds);
}

function readBytes(text: string): Value | undefined {
  const bytes = text.split(':');
  return bytes.every((byte) => /^0*[0-9a-f]{1,2}$/i.test(byte))
    ? Uint8Array.from(bytes.map((byte) => Number.parseInt(byte, 16)))
    : undefined;
}

function readStringMap(text: string): Value | undefined {
  const pairs = text.split(';').map((pair) => [pair.indexOf(':'), pair] as const);
  if (pairs.some(([colon]) => colon < 0)) return undefined;
  return new Map(pairs.map(([colon, pair]) => [pair.slice(0, colon), pair.slice(colon + 1)] as const));
}
