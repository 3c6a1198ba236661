// Checks what was fetched in place of a key set, before any proxy gets it. What it says is told to nobody.
// https://www.rfc-editor.org/rfc/rfc7517#section-5
import { isUsableKey, type Key } from './usable-key.ts';

/** The key set with its public parts alone, as JSON. Throws an error that repeats nothing of the text. */
export function parseKeySet(text: string): string {
  const parsed = parseObject(text, 'a JSON Web Key Set');
  const keys = parsed['keys'];
  if (!Array.isArray(keys)) throw new Error('what came is not a JSON Web Key Set: it has no list of keys');
  const known = keys.filter(isUsableKey).map(publicPart);
  if (known.length === 0) throw new Error('what came is a JSON Web Key Set without a key that can be used');
  return JSON.stringify({ keys: known });
}

/** The address of the key set in an OpenID configuration. https://openid.net/specs/openid-connect-discovery-1_0.html */
export function parseOpenidConfiguration(text: string, issuer: string): string {
  const parsed = parseObject(text, 'an OpenID configuration');
  const uri = parsed['jwks_uri'];
  if (typeof uri !== 'string' || uri === '') throw new Error('the OpenID configuration names no jwks_uri');
  if (typeof parsed['issuer'] === 'string' && withoutSlash(parsed['issuer']) !== withoutSlash(issuer)) {
    throw new Error("the OpenID configuration is another issuer's");
  }
  return uri;
}

export function openidConfigurationOf(issuer: string): string {
  return `${withoutSlash(issuer)}/.well-known/openid-configuration`;
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}

function parseObject(text: string, what: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(`what came is not ${what}: it is not JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error(`what came is not ${what}`);
  }
  return parsed as Readonly<Record<string, unknown>>;
}

/** Secrets have no business in what every proxy gets; of symmetric keys the secret is all there is. */
const PRIVATE = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']);

function publicPart(key: Key): Key {
  return Object.fromEntries(Object.entries(key).filter(([name]) => !PRIVATE.has(name)));
}
