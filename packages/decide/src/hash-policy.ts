// Turns hash policies into the number by which a request keeps to its endpoint.
import type { RouteAction_HashPolicy as HashPolicyMessage } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { type Dice, type Hash64, xxHash64 } from '@meltemi/base';
import { DecideError } from './decide-error.ts';
import { type HeaderChange, lastly } from './header-change.ts';
import { queryParameter } from './query.ts';
import { compileSubstitution } from './regex.ts';
import { headerOf, isSingle, type RequestView } from './request-view.ts';

/** What a policy found. `cookie` is set where the policy makes one for clients that come without. */
interface HashKey {
  readonly hash: Hash64;
  readonly cookie: HeaderChange | undefined;
}

export interface HashPolicy {
  readonly key: (request: RequestView, dice: Dice) => HashKey | undefined;
  /** Later policies are left out once there is a hash. */
  readonly terminal: boolean;
}

export interface HashResult {
  /** As Envoy's, so that both lead a request to the same endpoint. */
  readonly hash: Hash64;
  readonly cookies: readonly HeaderChange[];
}

const NO_POLICIES: readonly HashPolicy[] = [];

/** Throws DecideError UNSUPPORTED. */
export function compileHashPolicies(policies: readonly HashPolicyMessage[]): readonly HashPolicy[] {
  if (policies.length === 0) return NO_POLICIES;
  return policies.flatMap((policy) => {
    const key = compileKey(policy);
    return key ? [{ key, terminal: policy.terminal }] : [];
  });
}

/** Undefined when no policy found anything to hash. */
export function hashOf(policies: readonly HashPolicy[], request: RequestView, dice: Dice): HashResult | undefined {
  let hash: Hash64 | undefined;
  const cookies: HeaderChange[] = [];
  for (const policy of policies) {
    const key = policy.key(request, dice);
    if (key?.cookie) cookies.push(key.cookie);
    if (key) hash = hash ? combine(hash, key.hash) : key.hash;
    if (policy.terminal && hash) break;
  }
  return hash && { hash, cookies };
}

/** Rotating keeps two equal policies from cancelling each other out. */
function combine(older: Hash64, newer: Hash64): Hash64 {
  return {
    high: (((older.high << 1) | (older.low >>> 31)) ^ newer.high) >>> 0,
    low: (((older.low << 1) | (older.high >>> 31)) ^ newer.low) >>> 0,
  };
}

function compileKey(policy: HashPolicyMessage): HashPolicy['key'] | undefined {
  const specifier = policy.policySpecifier;
  switch (specifier.case) {
    case 'header':
      return headerKey(specifier.value);
    case 'cookie':
      return cookieKey(specifier.value);
    case 'connectionProperties':
      return specifier.value.sourceIp ? (request) => keyOf(request.remoteAddress || undefined) : undefined;
    case 'queryParameter':
      return (request) => keyOf(queryParameter(request.path, specifier.value.name));
    case 'filterState':
      throw new DecideError('UNSUPPORTED', `hash policy by filter state ${specifier.value.key}`);
    case undefined:
      throw new DecideError('BAD_ACTION', 'a hash policy says nothing to hash');
  }
}

function keyOf(value: string | undefined): HashKey | undefined {
  return value === undefined ? undefined : { hash: xxHash64(value), cookie: undefined };
}

type Specifier = HashPolicyMessage['policySpecifier'];
type HeaderPolicy = Extract<Specifier, { case: 'header' }>['value'];
type CookiePolicy = Extract<Specifier, { case: 'cookie' }>['value'];

/** What is sent with a cookie's value. */
export interface CookieFields {
  readonly name: string;
  readonly path: string;
  readonly ttl?: { readonly seconds: bigint } | undefined;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
}

function headerKey(policy: HeaderPolicy): HashPolicy['key'] {
  const name = policy.headerName.toLowerCase();
  const { regexRewrite } = policy;
  const replace = regexRewrite && compileSubstitution(regexRewrite.pattern?.regex ?? '', regexRewrite.substitution);
  return (request) => {
    const value = headerOf(request, name);
    if (value === undefined || isSingle(value)) return keyOf(value !== undefined && replace ? replace(value) : value);
    return { hash: hashTogether(valuesOf(request, name), replace), cookie: undefined };
  };
}

/** A pseudo-header has one value, whatever stands in it. */
function valuesOf(request: RequestView, name: string): readonly string[] {
  const values = request.headers.getAll(name);
  return values.length > 0 ? values : [headerOf(request, name)!];
}

/** Whatever the order of the values. */
function hashTogether(values: readonly string[], replace: ((value: string) => string) | undefined): Hash64 {
  const sorted = (replace ? values.map(replace) : values).toSorted();
  return sorted.reduce<Hash64>((seed, value) => xxHash64(value, seed), { high: 0, low: 0 });
}

function cookieKey(policy: CookiePolicy): HashPolicy['key'] {
  return (request, dice) => {
    const value = cookieValue(request.headers.get('cookie') ?? '', policy.name);
    if (value !== '') return keyOf(value);
    if (!policy.ttl) return undefined;
    const made = [dice.roll(), dice.roll()]
      .map((roll) =>
        Math.floor(roll * 2 ** 32)
          .toString(16)
          .padStart(8, '0'),
      )
      .join('');
    return { hash: xxHash64(made), cookie: lastly('append', 'set-cookie', setCookie(policy, made)) };
  };
}

/** The value of a cookie without quotes, empty when it is absent. */
export function cookieValue(header: string, name: string): string {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) {
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
    }
  }
  return '';
}

/** The value of a `set-cookie` field. */
export function setCookie(policy: CookieFields, value: string): string {
  const seconds = policy.ttl?.seconds ?? 0n;
  return [
    `${policy.name}="${value}"`,
    ...(seconds === 0n ? [] : [`Max-Age=${seconds}`]),
    ...(policy.path === '' ? [] : [`Path=${policy.path}`]),
    ...policy.attributes.map(({ name, value }) => (value === '' ? name : `${name}=${value}`)),
    'HttpOnly',
  ].join('; ');
}
