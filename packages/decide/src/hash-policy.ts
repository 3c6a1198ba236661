// Turns hash policies into the number by which a request keeps to its endpoint.
import type { RouteAction_HashPolicy as HashPolicyMessage } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Dice } from '@meltemi/base';
import { DecideError } from './decide-error.ts';
import { type HeaderChange, lastly } from './header-change.ts';
import { queryParameter } from './query.ts';
import { compileSubstitution } from './regex.ts';
import { headerOf, type RequestView } from './request-view.ts';

/** What a policy hashes. `cookie` is set where the policy makes one for clients that come without. */
interface HashKey {
  readonly value: string;
  readonly cookie: HeaderChange | undefined;
}

export interface HashPolicy {
  readonly key: (request: RequestView, dice: Dice) => HashKey | undefined;
  /** Later policies are left out once there is a hash. */
  readonly terminal: boolean;
}

export interface HashResult {
  /** 32 bits, unsigned. */
  readonly hash: number;
  readonly cookies: readonly HeaderChange[];
}

/** Throws DecideError UNSUPPORTED. */
export function compileHashPolicies(policies: readonly HashPolicyMessage[]): readonly HashPolicy[] {
  return policies.flatMap((policy) => {
    const key = compileKey(policy);
    return key ? [{ key, terminal: policy.terminal }] : [];
  });
}

/** Undefined when no policy found anything to hash. */
export function hashOf(policies: readonly HashPolicy[], request: RequestView, dice: Dice): HashResult | undefined {
  let hash: number | undefined;
  const cookies: HeaderChange[] = [];
  for (const policy of policies) {
    const key = policy.key(request, dice);
    if (key?.cookie) cookies.push(key.cookie);
    // Rotating keeps two equal policies from cancelling each other out.
    if (key) hash = (((hash ?? 0) << 1) | ((hash ?? 0) >>> 31)) ^ hashText(key.value);
    if (policy.terminal && hash !== undefined) break;
  }
  return hash === undefined ? undefined : { hash: hash >>> 0, cookies };
}

/** A 32-bit hash of a text (MurmurHash3 over its UTF-16 units). */
export function hashText(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) {
    let unit = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    unit = Math.imul((unit << 15) | (unit >>> 17), 0x1b873593);
    hash ^= unit;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
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
  return value === undefined ? undefined : { value, cookie: undefined };
}

type Specifier = HashPolicyMessage['policySpecifier'];
type HeaderPolicy = Extract<Specifier, { case: 'header' }>['value'];
type CookiePolicy = Extract<Specifier, { case: 'cookie' }>['value'];

function headerKey(policy: HeaderPolicy): HashPolicy['key'] {
  const name = policy.headerName.toLowerCase();
  const { regexRewrite } = policy;
  const replace = regexRewrite && compileSubstitution(regexRewrite.pattern?.regex ?? '', regexRewrite.substitution);
  return (request) => {
    const value = headerOf(request, name);
    return keyOf(value !== undefined && replace ? replace(value) : value);
  };
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
    return { value: made, cookie: lastly('append', 'set-cookie', setCookie(policy, made)) };
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

function setCookie(policy: CookiePolicy, value: string): string {
  const seconds = policy.ttl?.seconds ?? 0n;
  return [
    `${policy.name}="${value}"`,
    ...(seconds === 0n ? [] : [`Max-Age=${seconds}`]),
    ...(policy.path === '' ? [] : [`Path=${policy.path}`]),
    ...policy.attributes.map(({ name, value }) => (value === '' ? name : `${name}=${value}`)),
    'HttpOnly',
  ].join('; ');
}
