// The adapter that looks a value up in a list: those in it pass, or, for a blacklist, those that are not.
import { ExternError } from '../externs/extern-error.ts';
import { regexPredicate } from '../externs/text-match.ts';
import { parseIpAddress, shortForm } from '../values/ip-address.ts';

import { type Handler, type ListEntry, type Status, STATUS } from './adapter.ts';
import type { SpecReader } from './spec-reader.ts';

/** Whether a value is in the list; undefined for a value that can't be in any. */
type Lookup = (value: string) => boolean | undefined;

/** Lists are written out in `overrides`. */
export function listchecker(spec: SpecReader): Handler {
  if (spec.text('providerUrl') !== '') spec.refuse('providerUrl', 'lists from a URL are not supported: use overrides');
  const lookup = compileList(spec);
  const blacklist = spec.flag('blacklist');
  const validDurationMs = spec.durationMs('cachingInterval', 300_000);
  const validUseCount = spec.integer('cachingUseCount', 10_000);
  return {
    templates: ['listentry'],
    check(instance) {
      const { value } = instance as ListEntry;
      return { status: statusOf(value, lookup(value), blacklist), validDurationMs, validUseCount };
    },
  };
}

function statusOf(value: string, found: boolean | undefined, blacklist: boolean): Status {
  if (found === undefined) return { code: STATUS.INVALID_ARGUMENT, message: `${value} is not a valid IP address` };
  if (blacklist && found) return { code: STATUS.PERMISSION_DENIED, message: `${value} is blacklisted` };
  if (!blacklist && !found) return { code: STATUS.NOT_FOUND, message: `${value} is not whitelisted` };
  return { code: STATUS.OK, message: '' };
}

function compileList(spec: SpecReader): Lookup {
  const entries = spec.texts('overrides');
  switch (spec.oneOf('entryType', ['STRINGS', 'CASE_INSENSITIVE_STRINGS', 'IP_ADDRESSES', 'REGEX'])) {
    case 'STRINGS': {
      const texts = new Set(entries);
      return (value) => texts.has(value);
    }
    case 'CASE_INSENSITIVE_STRINGS': {
      const texts = new Set(entries.map((entry) => entry.toUpperCase()));
      return (value) => texts.has(value.toUpperCase());
    }
    case 'IP_ADDRESSES':
      return compileAddresses(entries, spec);
    case 'REGEX':
      return compileExpressions(entries, spec);
  }
}

interface Range {
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

function compileAddresses(entries: readonly string[], spec: SpecReader): Lookup {
  const ranges = entries.flatMap((entry, index) => {
    const range = parseRange(entry);
    if (!range) spec.refuse(`overrides[${index}]`, `${JSON.stringify(entry)} is neither an IP address nor a range`);
    return range ?? [];
  });
  return (value) => {
    const bytes = parseIpAddress(value);
    if (bytes === undefined) return undefined;
    const short = shortForm(bytes);
    return ranges.some((range) => covers(range, short));
  };
}

/** `10.0.0.0/8`, or one address. */
function parseRange(text: string): Range | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const parsed = match && parseIpAddress(match[1]!);
  if (!parsed) return undefined;
  const bytes = shortForm(parsed);
  const prefix = match[2] === undefined ? bytes.length * 8 : Number(match[2]);
  return prefix <= bytes.length * 8 ? { bytes, prefix } : undefined;
}

function covers({ bytes, prefix }: Range, address: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  const whole = prefix >> 3;
  for (let index = 0; index < whole; index++) if (address[index] !== bytes[index]) return false;
  const rest = prefix & 7;
  return rest === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}

function compileExpressions(entries: readonly string[], spec: SpecReader): Lookup {
  const predicates = entries.flatMap((entry, index) => {
    try {
      return regexPredicate(entry);
    } catch (error) {
      if (!(error instanceof ExternError)) throw error;
      spec.refuse(`overrides[${index}]`, error.message);
      return [];
    }
  });
  return (value) => predicates.some((matches) => matches(value));
}
