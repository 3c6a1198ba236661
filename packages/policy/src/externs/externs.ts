// The functions that expressions can call besides operators, with their types.
import { parseIpAddress } from '../values/ip-address.ts';
import { parseTimestamp } from '../values/timestamp-text.ts';
import { timestamp, type Value } from '../values/value.ts';
import type { ValueType } from '../values/value-type.ts';

import { dnsName } from './dns-name.ts';
import { emailAddress } from './email-address.ts';
import { ExternError } from './extern-error.ts';
import { matchPredicate, regexPredicate } from './text-match.ts';
import { uri } from './uri.ts';

/** A function; a method's target is its first argument. `call` throws ExternError. */
export interface Extern {
  readonly target?: ValueType;
  readonly params: readonly ValueType[];
  readonly returns: ValueType;
  readonly call: (...args: readonly Value[]) => Value;
}

const EMPTY: ReadonlyMap<string, string> = new Map();

/** Of 0.1: ip, match. Of 1.0: all but toLower and size, which are of 1.1. */
export const EXTERNS: Readonly<Record<string, Extern>> = {
  ip: ofText('IP_ADDRESS', ip),
  timestamp: ofText('TIMESTAMP', (text) => timestamp(nanosecondsOf(text))),
  dnsName: ofText('DNS_NAME', dnsName),
  email: ofText('EMAIL_ADDRESS', emailAddress),
  uri: ofText('URI', uri),
  toLower: ofText('STRING', (text) => text.toLowerCase()),
  size: ofText('INT64', (text) => BigInt(Buffer.byteLength(text))),
  match: {
    params: ['STRING', 'STRING'],
    returns: 'BOOL',
    call: (text, pattern) => matchPredicate(str(pattern))(str(text)),
  },
  matches: method((pattern, text) => regexPredicate(pattern)(text)),
  startsWith: method((text, prefix) => text.startsWith(prefix)),
  endsWith: method((text, suffix) => text.endsWith(suffix)),
  emptyStringMap: { params: [], returns: 'STRING_MAP', call: () => EMPTY },
  conditionalString: {
    params: ['BOOL', 'STRING', 'STRING'],
    returns: 'STRING',
    call: (condition, yes, no) => (condition === true ? yes : no),
  },
};

function ofText(returns: ValueType, call: (text: string) => Value): Extern {
  return { params: ['STRING'], returns, call: (text) => call(str(text)) };
}

function method(call: (target: string, argument: string) => boolean): Extern {
  return {
    target: 'STRING',
    params: ['STRING'],
    returns: 'BOOL',
    call: (target, text) => call(str(target), str(text)),
  };
}

/** The checker let only texts come here. */
function str(value: Value | undefined): string {
  return value as string;
}

function ip(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) throw new ExternError(`could not convert ${text} to IP_ADDRESS`);
  return bytes;
}

function nanosecondsOf(text: string): bigint {
  const nanoseconds = parseTimestamp(text);
  if (nanoseconds !== undefined) return nanoseconds;
  const format = '2006-01-02T15:04:05Z07:00';
  throw new ExternError(`could not convert '${text}' to TIMESTAMP. expected format: '${format}'`);
}
