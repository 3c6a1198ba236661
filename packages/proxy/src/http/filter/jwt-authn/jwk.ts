// Turns one key of a JSON Web Key Set into a key that verifies with one family of algorithms, or says that it can't be used.
// https://www.rfc-editor.org/rfc/rfc7517
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { decodeBase64Url } from './base64url.ts';
import { fieldOf, isObject } from './json-object.ts';
import { isWeakModulus } from './weak-modulus.ts';

/** https://www.rfc-editor.org/rfc/rfc7518#section-3.1, without `none`. */
// oxfmt-ignore
const ALGORITHMS = [
  'ES256', 'ES384', 'ES512', 'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA',
] as const;

export type Algorithm = (typeof ALGORITHMS)[number];

export function isAlgorithm(name: string): name is Algorithm {
  return (ALGORITHMS as readonly string[]).includes(name);
}

export interface Jwk {
  /** Empty: it goes with any. */
  readonly kid: string;
  /** Empty: any that the kind of key knows. */
  readonly algorithm: string;
  readonly kind: 'RSA' | 'EC' | 'OKP' | 'oct';
  /** The algorithms that the kind and size of the key allow. */
  readonly algorithms: ReadonlySet<Algorithm>;
  readonly key: KeyObject;
}

/** Shorter ones are no longer safe (RFC 7518 §3.3). */
const MIN_RSA_BITS = 2048;
const CURVE_ALGORITHMS: Readonly<Record<string, Algorithm>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };
const ALGORITHM_CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** Undefined: not a key that signatures can be verified with. */
export function readJwk(value: JsonValue): Jwk | undefined {
  if (!isObject(value) || !isForSignatures(value)) return undefined;
  const parts = partsOf(value);
  if (!parts) return undefined;
  const algorithm = textField(value, 'alg') ?? '';
  if (algorithm !== '' && !parts.algorithms.has(algorithm as Algorithm)) return undefined;
  return { kid: textField(value, 'kid') ?? '', algorithm, ...parts };
}

/** `pem`: a certificate with an RSA key, as the key sets of some issuers are maps of. */
export function readCertificateKey(kid: string, pem: string): Jwk | undefined {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'rsa' || !isStrongRsa(key)) return undefined;
    return { kid, algorithm: '', kind: 'RSA', algorithms: RSA_ALGORITHMS, key };
  } catch {
    return undefined;
  }
}

/** RFC 7517 §4.2 and §4.3: both may be absent. */
function isForSignatures(jwk: JsonObject): boolean {
  const use = fieldOf(jwk, 'use');
  const operations = fieldOf(jwk, 'key_ops');
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
  );
}

type KeyParts = Pick<Jwk, 'kind' | 'algorithms' | 'key'>;

function partsOf(jwk: JsonObject): KeyParts | undefined {
  switch (fieldOf(jwk, 'kty')) {
    case 'RSA':
      return rsaKey(jwk);
    case 'EC':
      return ecKey(jwk);
    case 'OKP':
      return okpKey(jwk);
    case 'oct':
      return secretKey(jwk);
    default:
      return undefined;
  }
}

const RSA_ALGORITHMS: ReadonlySet<Algorithm> = new Set(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);

function rsaKey(jwk: JsonObject): KeyParts | undefined {
  const [n, e] = [numberField(jwk, 'n'), numberField(jwk, 'e')];
  const key = n && e && !isWeakModulus(Buffer.from(n, 'base64url')) ? publicKey({ kty: 'RSA', n, e }) : undefined;
  return key && isStrongRsa(key) ? { kind: 'RSA', algorithms: RSA_ALGORITHMS, key } : undefined;
}

function isStrongRsa({ asymmetricKeyDetails: details }: KeyObject): boolean {
  const exponent = details?.publicExponent;
  return (details?.modulusLength ?? 0) >= MIN_RSA_BITS && (exponent === 3n || exponent === 65_537n);
}

/** The curve may be left out where the algorithm says it; without both it is P-256. */
function ecKey(jwk: JsonObject): KeyParts | undefined {
  const [x, y] = [numberField(jwk, 'x'), numberField(jwk, 'y')];
  const crv = textField(jwk, 'crv') ?? ALGORITHM_CURVES[textField(jwk, 'alg') ?? 'ES256'];
  const algorithm = crv === undefined ? undefined : CURVE_ALGORITHMS[crv];
  const key = x && y && crv && algorithm ? publicKey({ kty: 'EC', crv, x, y }) : undefined;
  return key && algorithm ? { kind: 'EC', algorithms: new Set([algorithm]), key } : undefined;
}

function okpKey(jwk: JsonObject): KeyParts | undefined {
  const x = numberField(jwk, 'x');
  if (fieldOf(jwk, 'crv') !== 'Ed25519' || !x) return undefined;
  const key = publicKey({ kty: 'OKP', crv: 'Ed25519', x });
  return key && { kind: 'OKP', algorithms: new Set(['EdDSA']), key };
}

/** A secret is to be at least as long as the hash (RFC 7518 §3.2). */
function secretKey(jwk: JsonObject): KeyParts | undefined {
  const secret = decodeBase64Url(textField(jwk, 'k') ?? '');
  const algorithms = ([256, 384, 512] as const).filter((bits) => (secret?.length ?? 0) * 8 >= bits);
  if (!secret || algorithms.length === 0) return undefined;
  return {
    kind: 'oct',
    algorithms: new Set(algorithms.map((bits) => `HS${bits}` as const)),
    key: createSecretKey(secret),
  };
}

/** Only what a public key has is handed over, so that private parts never count. */
function publicKey(jwk: Record<string, string>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function textField(jwk: JsonObject, name: string): string | undefined {
  const value = fieldOf(jwk, name);
  return typeof value === 'string' ? value : undefined;
}

/** In base64url. */
function numberField(jwk: JsonObject, name: string): string | undefined {
  const text = textField(jwk, name);
  return text && decodeBase64Url(text) ? text : undefined;
}
