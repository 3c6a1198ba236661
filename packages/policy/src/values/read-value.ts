// A value in JSON → the value of an attribute whose type is known.
import { parseGoDuration } from './duration-text.ts';
import { parseIpAddress } from './ip-address.ts';
import { parseTimestamp } from './timestamp-text.ts';
import { duration, timestamp, type Value } from './value.ts';
import type { ValueType } from './value-type.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** A number of a JSON text together with its digits: 64-bit integers don't fit JavaScript's numbers. */
export class NumberText {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

export class ValueError extends Error {
  readonly code = 'BAD_VALUE';

  constructor(message: string) {
    super(message);
    this.name = 'ValueError';
  }
}

/** Parses JSON, keeping the digits of every number. */
export function parseJson(text: string): unknown {
  type Reviver = (key: string, value: unknown, context: { readonly source: string }) => unknown;
  const keepDigits: Reviver = (_, value, { source }) => (typeof value === 'number' ? new NumberText(source) : value);
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
}

/**
 * Reads a value plain (`"10ms"`, `7`, `{"a": "b"}`) or with its member named (`{"int64": "7"}`, `{"bytes": "01020304"}`).
 * Throws ValueError when it does not fit the type.
 */
export function readValue(json: unknown, type: ValueType): Value {
  const value = isNamed(json, type) ? readNamed(json, type) : readPlain(json, type);
  if (value === undefined) throw new ValueError(`${describe(json)} is no ${type}`);
  return value;
}

const MEMBER: Readonly<Record<string, readonly ValueType[]>> = {
  string: ['STRING', 'DNS_NAME', 'EMAIL_ADDRESS', 'URI'],
  int64: ['INT64'],
  double: ['DOUBLE'],
  bool: ['BOOL'],
  duration: ['DURATION'],
  timestamp: ['TIMESTAMP'],
  ip: ['IP_ADDRESS'],
  bytes: ['IP_ADDRESS'],
  stringMap: ['STRING_MAP'],
};

function readNamed(json: Readonly<Record<string, unknown>>, type: ValueType): Value | undefined {
  const [[member, content]] = Object.entries(json) as [[string, unknown]];
  if (!MEMBER[member]?.includes(type)) return undefined;
  if (member !== 'bytes') return readPlain(content, type);
  return typeof content === 'string' && /^([0-9a-f]{8}|[0-9a-f]{32})$/i.test(content)
    ? Uint8Array.from(Buffer.from(content, 'hex'))
    : undefined;
}

function readPlain(json: unknown, type: ValueType): Value | undefined {
  switch (type) {
    case 'INT64':
      return readInt64(json);
    case 'DOUBLE':
      return json instanceof NumberText ? Number(json.digits) : undefined;
    case 'BOOL':
      return typeof json === 'boolean' ? json : undefined;
    case 'STRING_MAP':
      return readStringMap(json);
    default:
      return typeof json === 'string' ? readText(json, type) : undefined;
  }
}

function readText(text: string, type: ValueType): Value | undefined {
  if (type === 'IP_ADDRESS') return parseIpAddress(text);
  if (type !== 'DURATION' && type !== 'TIMESTAMP') return text;
  const nanoseconds = type === 'DURATION' ? parseGoDuration(text) : parseTimestamp(text);
  if (nanoseconds === undefined) return undefined;
  return type === 'DURATION' ? duration(nanoseconds) : timestamp(nanoseconds);
}

function readInt64(json: unknown): bigint | undefined {
  const digits = json instanceof NumberText ? json.digits : json;
  if (typeof digits !== 'string' || !/^-?\d+$/.test(digits)) return undefined;
  const value = BigInt(digits);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

function readStringMap(json: unknown): Value | undefined {
  if (!isObject(json)) return undefined;
  const entries = Object.entries(json);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? new Map(entries)
    : undefined;
}

function isNamed(json: unknown, type: ValueType): json is Readonly<Record<string, unknown>> {
  if (!isObject(json)) return false;
  const [entry, ...more] = Object.entries(json);
  if (!entry || more.length > 0) return false;
  // A map with one entry called `string` is still a map.
  return type === 'STRING_MAP' ? entry[0] === 'stringMap' && isObject(entry[1]) : Object.hasOwn(MEMBER, entry[0]);
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof NumberText);
}

function describe(json: unknown): string {
  return json instanceof NumberText ? json.digits : JSON.stringify(json);
}
