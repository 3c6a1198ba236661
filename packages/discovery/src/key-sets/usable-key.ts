// Tells whether a proxy can verify signatures by a key. https://www.rfc-editor.org/rfc/rfc7518#section-6
import { createPublicKey } from 'node:crypto';

/** A JSON Web Key. */
export type Key = Readonly<Record<string, unknown>>;

/** Which algorithms a type of keys is for; `crv` says more for curves. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA'],
  oct: ['HS256', 'HS384', 'HS512'],
};

export function isUsableKey(key: unknown): key is Key {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, crv, alg, kid } = key as Key;
  const type = typeof crv === 'string' && kty !== 'RSA' && kty !== 'oct' ? `${String(kty)} ${crv}` : String(kty);
  const algorithms = Object.hasOwn(ALGORITHMS, type) ? ALGORITHMS[type]! : [];
  const said = alg === undefined ? algorithms.length > 0 : algorithms.some((known) => known === alg);
  return said && (kid === undefined || typeof kid === 'string') && canBeRead(key as Key);
}

function canBeRead(key: Key): boolean {
  if (key['kty'] === 'oct') return typeof key['k'] === 'string' && /^[A-Za-z0-9_-]+$/.test(key['k']);
  try {
    createPublicKey({ key, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}
