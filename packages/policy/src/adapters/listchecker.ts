// The adapter that looks a value up in a list: those in it pass, or, for a blacklist, those that are not.
import { ExternError } from '../externs/extern-error.ts';
import { regexPredicate } from '../externs/text-match.ts';
import { parseIpAddress, shortForm } from '../values/ip-address.ts';

import { type Handler, type ListEntry, type Status, STATUS } from './adapter.ts';
import { ListError, listUrl } from './fetch-list.ts';
import { type ListWorld, RemoteList } from './remote-list.ts';
import type { SpecReader } from './spec-reader.ts';

/** Whether a value is in the list; undefined for a value that can't be in any. */
type Lookup = (value: string) => boolean | undefined;

/** The original's. */
const REFRESH_MS = 60_000;
const TTL_MS = 300_000;

/** Lists are written out in `overrides`, or come from a URL, or both. */
export function listchecker(spec: SpecReader, world: ListWorld): Handler {
  const overrides = spec.texts('overrides');
  const compile = compilerOf(spec);
  const lookup = compile(overrides, (index, message) => spec.refuse(`overrides[${index}]`, message));
  const blacklist = spec.flag('blacklist');
  const validDurationMs = spec.durationMs('cachingInterval', 300_000);
  const validUseCount = spec.integer('cachingUseCount', 10_000);
  const remote = remoteList(spec, world, (entries) => compile([...entries, ...overrides], refuseEntry));
  return {
    templates: ['listentry'],
    check(instance) {
      const { value } = instance as ListEntry;
      const current = remote ? remote.current : lookup;
      // Nobody may keep an answer that only says that the list is not there.
      if (!current) return { status: NO_LIST, validDurationMs: 0, validUseCount: 0 };
      return { status: statusOf(value, current(value), blacklist), validDurationMs, validUseCount };
    },
    close: () => remote?.close(),
  };
}

const NO_LIST: Status = { code: STATUS.UNAVAILABLE, message: 'the list could not be read' };

function remoteList(
  spec: SpecReader,
  world: ListWorld,
  read: (entries: readonly string[]) => Lookup,
): RemoteList<Lookup> | undefined {
  const text = spec.text('providerUrl');
  if (text === '') return undefined;
  const [refreshMs, ttlMs] = [spec.durationMs('refreshInterval', REFRESH_MS), spec.durationMs('ttl', TTL_MS)];
  if (refreshMs < 1000) spec.refuse('refreshInterval', 'must be at least 1s');
  if (ttlMs < refreshMs) spec.refuse('ttl', 'must not be below refreshInterval');
  const url = listUrl(text);
  if (typeof url === 'string') {
    spec.refuse('providerUrl', url);
    return undefined;
  }
  return new RemoteList({ url, refreshMs: Math.max(1000, refreshMs), ttlMs, read }, world);
}

function refuseEntry(index: number, message: string): never {
  throw new ListError(`entry ${index + 1} ${message}`);
}

function statusOf(value: string, found: boolean | undefined, blacklist: boolean): Status {
  if (found === undefined) return { code: STATUS.INVALID_ARGUMENT, message: `${value} is not a valid IP address` };
  if (blacklist && found) return { code: STATUS.PERMISSION_DENIED, message: `${value} is blacklisted` };
  if (!blacklist && !found) return { code: STATUS.NOT_FOUND, message: `${value} is not whitelisted` };
  return { code: STATUS.OK, message: '' };
}

type Refuse = (index: number, message: string) => void;

function compilerOf(spec: SpecReader): (entries: readonly string[], refuse: Refuse) => Lookup {
  const type = spec.oneOf('entryType', ['STRINGS', 'CASE_INSENSITIVE_STRINGS', 'IP_ADDRESSES', 'REGEX']);
  return (entries, refuse) => {
    switch (type) {
      case 'STRINGS': {
        const texts = new Set(entries);
        return (value) => texts.has(value);
      }
      case 'CASE_INSENSITIVE_STRINGS': {
        const texts = new Set(entries.map((entry) => entry.toUpperCase()));
        return (value) => texts.has(value.toUpperCase());
      }
      case 'IP_ADDRESSES':
        return compileAddresses(entries, refuse);
      case 'REGEX':
        return compileExpressions(entries, refuse);
    }
  };
}

interface Range {
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

function compileAddresses(entries: readonly string[], refuse: Refuse): Lookup {
  const ranges = entries.flatMap((entry, index) => {
    const range = parseRange(entry);
    if (!range) refuse(index, `${JSON.stringify(entry)} is neither an IP address nor a range`);
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

function compileExpressions(entries: readonly string[], refuse: Refuse): Lookup {
  const predicates = entries.flatMap((entry, index) => {
    try {
      return regexPredicate(entry);
    } catch (error) {
      if (!(error instanceof ExternError)) throw error;
      refuse(index, error.message);
      return [];
    }
  });
  return (value) => predicates.some((matches) => matches(value));
}
