// Where the keys of an issuer's tokens are fetched, as rules for tokens say it.
import { parseDuration } from '@meltemi/base';
import { type ConfigView, type JwtRule, securityPolicies } from '@meltemi/config';

export interface KeySetSource {
  readonly issuer: string;
  /** Of the key set; empty: the issuer's OpenID configuration says it. */
  readonly uri: string;
  readonly timeoutMs: number;
}

/** JSON Web Key Sets by `sourceKey`: those that were fetched at least once. */
export type KeySets = ReadonlyMap<string, string>;

export const NO_KEY_SETS: KeySets = new Map();

const TIMEOUT_MS = 5000;

/** Undefined where the rule has its keys written in it. */
export function keySetSource({ issuer = '', jwks, jwksUri = '', timeout }: JwtRule): KeySetSource | undefined {
  if (jwks) return undefined;
  return { issuer, uri: jwksUri, timeoutMs: (timeout && parseDuration(timeout)) || TIMEOUT_MS };
}

/** Those of all rules. `domain`: of services. */
export function keySetSources(config: ConfigView, domain: string): readonly KeySetSource[] {
  const { requestAuthentications } = securityPolicies(config, domain);
  const rules = requestAuthentications.flatMap(({ spec }) => spec.jwtRules ?? []);
  return rules.map(keySetSource).filter((source) => source !== undefined);
}

/** Two rules with the same share a key set. */
export function sourceKey({ issuer, uri }: KeySetSource): string {
  return uri === '' ? `issuer ${issuer}` : `uri ${uri}`;
}
