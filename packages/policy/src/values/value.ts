// What an attribute can hold: one JavaScript shape for each kind of value on the wire.

/** A span of time in nanoseconds, within 64 bits. */
export interface Duration {
  readonly kind: 'duration';
  readonly nanoseconds: bigint;
}

/** A moment, in nanoseconds since 1970. */
export interface Timestamp {
  readonly kind: 'timestamp';
  readonly nanoseconds: bigint;
}

export type StringMap = ReadonlyMap<string, string>;

/**
 * STRING, DNS_NAME, EMAIL_ADDRESS and URI are text; INT64 a bigint, for numbers above 2^53 must stay exact;
 * IP_ADDRESS 4 or 16 bytes.
 */
export type Value = string | bigint | number | boolean | Duration | Timestamp | Uint8Array | StringMap;

export function duration(nanoseconds: bigint): Duration {
  return { kind: 'duration', nanoseconds };
}

export function timestamp(nanoseconds: bigint): Timestamp {
  return { kind: 'timestamp', nanoseconds };
}

export function isDuration(value: Value): value is Duration {
  return typeof value === 'object' && 'kind' in value && value.kind === 'duration';
}

export function isTimestamp(value: Value): value is Timestamp {
  return typeof value === 'object' && 'kind' in value && value.kind === 'timestamp';
}
