// What `==` means for each type.
import { equalIpAddresses } from '../values/ip-address.ts';
import type { Duration, Timestamp, Value } from '../values/value.ts';
import type { ValueType } from '../values/value-type.ts';

import { equalDnsNames } from './dns-name.ts';
import { equalEmailAddresses } from './email-address.ts';
import { equalUris } from './uri.ts';

export type Equality = (left: Value, right: Value) => boolean;

const identical: Equality = (left, right) => left === right;
const sameTime: Equality = (left, right) =>
  (left as Duration | Timestamp).nanoseconds === (right as Duration | Timestamp).nanoseconds;

/** Maps have no equality. Those on DNS names, e-mail addresses and URIs throw ExternError for a text that is none. */
export const EQUALITY: Readonly<Record<Exclude<ValueType, 'STRING_MAP'>, Equality>> = {
  STRING: identical,
  INT64: identical,
  DOUBLE: identical,
  BOOL: identical,
  DURATION: sameTime,
  TIMESTAMP: sameTime,
  IP_ADDRESS: (left, right) => equalIpAddresses(left as Uint8Array, right as Uint8Array),
  DNS_NAME: (left, right) => equalDnsNames(left as string, right as string),
  EMAIL_ADDRESS: (left, right) => equalEmailAddresses(left as string, right as string),
  URI: (left, right) => equalUris(left as string, right as string),
};
