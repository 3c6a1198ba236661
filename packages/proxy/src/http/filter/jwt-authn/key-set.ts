// Reads a JSON Web Key Set, or a map of certificates by key id, and verifies signatures with its keys.
// https://www.rfc-editor.org/rfc/rfc7517#section-5
import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type Algorithm, type Jwk, readCertificateKey, readJwk } from './jwk.ts';
import type { Jws } from './jws.ts';
import { fieldOf, isObject, readJsonObject } from './json-object.ts';
import { JWT_STATUS, type JwtStatus } from './jwt-status.ts';

/** Never empty. */
export type KeySet = readonly Jwk[];

/** A status instead: why there are no keys in it. Keys that can't be used are passed over. */
export function readKeySet(text: string): KeySet | JwtStatus {
  const document = readJsonObject(Buffer.from(text));
  if (!document) return JWT_STATUS.keysBadJson;
  const list = fieldOf(document, 'keys');
  if (list === undefined) return certificateKeys(document);
  if (!Array.isArray(list)) return JWT_STATUS.keysNotList;
  const keys = withoutSecrets(unambiguous(list).flatMap((each) => readJwk(each) ?? []));
  return keys.length > 0 ? keys : JWT_STATUS.noValidKeys;
}

export function isKeySet(keys: KeySet | JwtStatus): keys is KeySet {
  return Array.isArray(keys);
}

const CERTIFICATE = /^-----BEGIN CERTIFICATE-----\n[^]*\n-----END CERTIFICATE-----\n$/;

function certificateKeys(document: JsonObject): KeySet | JwtStatus {
  const entries = Object.entries(document);
  const isMap = entries.every(([kid, pem]) => kid !== '' && typeof pem === 'string' && CERTIFICATE.test(pem));
  if (entries.length === 0 || !isMap) return JWT_STATUS.keysMissing;
  const keys = entries.flatMap(([kid, pem]) => readCertificateKey(kid, pem as string) ?? []);
  return keys.length === entries.length ? keys : JWT_STATUS.noValidKeys;
}

/** Of keys of one kind that claim one id none counts: one of them may be somebody else's. */
function unambiguous(list: readonly JsonValue[]): readonly JsonValue[] {
  const counts = new Map<string, number>();
  for (const each of list) counts.set(claimedId(each), (counts.get(claimedId(each)) ?? 0) + 1);
  return list.filter((each) => claimedId(each) === '' || counts.get(claimedId(each)) === 1);
}

/** Empty: it claims none. */
function claimedId(jwk: JsonValue): string {
  if (!isObject(jwk)) return '';
  const kid = fieldOf(jwk, 'kid');
  return typeof kid === 'string' && kid !== '' ? JSON.stringify([fieldOf(jwk, 'kty') ?? null, kid]) : '';
}

/** A secret beside public keys doesn't count: who published the set published the secret. */
function withoutSecrets(keys: KeySet): KeySet {
  const isPublic = keys.some(({ kind }) => kind !== 'oct');
  return isPublic ? keys.filter(({ kind }) => kind !== 'oct') : keys;
}

/** Each key that goes with the token's key id and algorithm is tried. */
export function verifySignature({ kid, algorithm, signed }: Jws, signature: Buffer, keys: KeySet): JwtStatus {
  const data = Buffer.from(signed, 'latin1');
  let tried = false;
  for (const key of keys) {
    if (kid !== '' && key.kid !== '' && key.kid !== kid) continue;
    if (key.algorithm !== '' && key.algorithm !== algorithm) continue;
    tried = true;
    if (!key.algorithms.has(algorithm)) continue;
    if (algorithm === 'EdDSA' && signature.length !== ED25519_LENGTH) return JWT_STATUS.ed25519WrongLength;
    if (isSigned(algorithm, key, data, signature)) return JWT_STATUS.ok;
  }
  return tried ? JWT_STATUS.verificationFails : JWT_STATUS.noMatchingKey;
}

const ED25519_LENGTH = 64;
/** Of an ECDSA signature: two numbers as long as the curve's (RFC 7518 §3.4). */
const ECDSA_LENGTHS: Readonly<Partial<Record<Algorithm, number>>> = { ES256: 64, ES384: 96, ES512: 132 };

function isSigned(algorithm: Algorithm, { key }: Jwk, data: Buffer, signature: Buffer): boolean {
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm.slice(0, 2)) {
    case 'Ed':
      return verify(null, data, key, signature);
    case 'RS':
      return verify(hash, data, key, signature);
    case 'PS': {
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      return verify(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
    }
    case 'ES':
      return (
        signature.length === ECDSA_LENGTHS[algorithm] &&
        verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature)
      );
    default: {
      const code = createHmac(hash, key).update(data).digest();
      return code.length === signature.length && timingSafeEqual(code, signature);
    }
  }
}
