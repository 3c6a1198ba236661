// Whose tokens a proxy's listeners accept, as plain values: a part of their cache key.
// https://istio.io/latest/docs/reference/config/security/request_authentication/
import type { JwtRule, LocatedResource, RequestAuthentication } from '@meltemi/config';
import { type KeySets, keySetSource, sourceKey } from '../key-sets/key-set-source.ts';
import { parseKeySet } from '../key-sets/parse-key-set.ts';
import { UNUSABLE_KEY_SET } from '../key-sets/unusable-key-set.ts';

export interface TokenRuleInput {
  readonly issuer: string;
  /** Empty: any. */
  readonly audiences: readonly string[];
  /** A JSON Web Key Set. */
  readonly keys: string;
  readonly fromHeaders: readonly { readonly name: string; readonly prefix: string }[];
  readonly fromParams: readonly string[];
  readonly fromCookies: readonly string[];
  /** The token goes on to the application. */
  readonly forward: boolean;
  /** Gets the token's payload; empty: none. */
  readonly payloadHeader: string;
  readonly claimHeaders: readonly { readonly header: string; readonly claim: string }[];
  /** Claims whose value is a list of words. */
  readonly spaceDelimitedClaims: readonly string[];
}

const SPACE_DELIMITED = ['permission', 'scope'];

/** Sorted by issuer, so that the order of policies makes no other listener. */
export function tokenRules(
  policies: readonly LocatedResource<RequestAuthentication>[],
  keySets: KeySets,
): readonly TokenRuleInput[] {
  const rules = policies.flatMap(({ spec }) => spec.jwtRules ?? []);
  return rules.map((rule) => tokenRule(rule, keySets)).sort((a, b) => compare(a.issuer, b.issuer));
}

function tokenRule(rule: JwtRule, keySets: KeySets): TokenRuleInput {
  const claims = new Set([...(rule.spaceDelimitedClaims ?? []), ...SPACE_DELIMITED]);
  return {
    issuer: rule.issuer ?? '',
    audiences: rule.audiences ?? [],
    keys: keysOf(rule, keySets),
    fromHeaders: (rule.fromHeaders ?? []).map(({ name, prefix = '' }) => ({ name, prefix })),
    fromParams: rule.fromParams ?? [],
    fromCookies: rule.fromCookies ?? [],
    forward: rule.forwardOriginalToken ?? false,
    payloadHeader: rule.outputPayloadToHeader ?? '',
    claimHeaders: rule.outputClaimToHeaders ?? [],
    spaceDelimitedClaims: [...claims].sort(),
  };
}

/** Keys that can't be read, or were never fetched, let nobody in. */
function keysOf(rule: JwtRule, keySets: KeySets): string {
  if (rule.jwks) return writtenKeys(rule, rule.jwks);
  const source = keySetSource(rule);
  return (source && keySets.get(sourceKey(source))) ?? UNUSABLE_KEY_SET;
}

const written = new WeakMap<JwtRule, string>();

/** As they stand, where one of them can be used. */
function writtenKeys(rule: JwtRule, text: string): string {
  const known = written.get(rule) ?? (canBeUsed(text) ? text : UNUSABLE_KEY_SET);
  written.set(rule, known);
  return known;
}

function canBeUsed(text: string): boolean {
  try {
    parseKeySet(text);
    return true;
  } catch {
    return false;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
