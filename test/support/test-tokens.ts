// Makes keys, key sets and signed tokens for tests, good ones and all kinds of bad ones.
import { createHmac, constants, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface TestKey {
  readonly kid: string;
  readonly algorithm: string;
  /** What a key set publishes. */
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly signer: KeyObject | Buffer;
}

export function rsaKey(kid: string, algorithm: string): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, algorithm, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm }, signer: privateKey };
}

export function ecKey(kid: string, namedCurve: 'P-256' | 'P-384' | 'P-521'): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  const algorithm = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }[namedCurve];
  return { kid, algorithm, jwk: { ...publicKey.export({ format: 'jwk' }), kid }, signer: privateKey };
}

export function ed25519Key(kid: string): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { kid, algorithm: 'EdDSA', jwk: { ...publicKey.export({ format: 'jwk' }), kid }, signer: privateKey };
}

export function secretKey(kid: string, algorithm: string): TestKey {
  const secret = randomBytes(64);
  return { kid, algorithm, jwk: { kty: 'oct', k: secret.toString('base64url'), kid }, signer: secret };
}

export function keySetOf(...keys: readonly TestKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

/** `header`: further fields, or others than the key's. */
export function token(key: TestKey, claims: object | string, header: object = {}): string {
  const fields = { alg: key.algorithm, typ: 'JWT', ...(key.kid === '' ? {} : { kid: key.kid }), ...header };
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const signed = [JSON.stringify(fields), payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${signed}.${signature(key, Buffer.from(signed)).toString('base64url')}`;
}

function signature({ algorithm, signer }: TestKey, data: Buffer): Buffer {
  const hash = `sha${algorithm.slice(2)}`;
  if (Buffer.isBuffer(signer)) return createHmac(hash, signer).update(data).digest();
  if (algorithm === 'EdDSA') return sign(null, data, signer);
  if (algorithm.startsWith('ES')) return sign(hash, data, { key: signer, dsaEncoding: 'ieee-p1363' });
  if (!algorithm.startsWith('PS')) return sign(hash, data, signer);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign(hash, data, { key: signer, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}
