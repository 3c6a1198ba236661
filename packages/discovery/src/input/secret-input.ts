// A Secret, as a proxy asks for it by its name: a key pair, or the roots by which clients are verified.
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { Secret } from '@meltemi/config';

export type SecretInput = KeyPairInput | RootsInput;

/** Texts are PEM. */
export interface KeyPairInput {
  readonly kind: 'key-pair';
  /** As proxies ask for it: `kubernetes://NAME`. */
  readonly name: string;
  readonly certificateChain: string;
  readonly privateKey: string;
  /** An OCSP response, in base64; empty: none. */
  readonly ocspStaple: string;
}

export interface RootsInput {
  readonly kind: 'roots';
  /** `kubernetes://NAME-cacert`. */
  readonly name: string;
  readonly roots: string;
  /** Empty: nothing is revoked. */
  readonly revoked: string;
}

/** What is wrong with a Secret, in words that follow its name. */
export class SecretError extends Error {
  readonly code = 'BAD_SECRET';
}

/** Throws SecretError for what is no key pair. */
export function keyPairInput(name: string, secret: Secret): KeyPairInput {
  const certificateChain = first(secret, ['tls.crt', 'cert']);
  const privateKey = first(secret, ['tls.key', 'key']);
  if (!certificateChain || !privateKey) throw new SecretError('has no tls.crt and tls.key');
  checkPair(certificateChain, privateKey);
  const ocspStaple = Buffer.from(bytes(secret, 'tls.ocsp-staple') ?? '').toString('base64');
  return { kind: 'key-pair', name, certificateChain, privateKey, ocspStaple };
}

/** Throws SecretError where there are no roots in it. */
export function rootsInput(name: string, secret: Secret): RootsInput {
  const roots = first(secret, ['cacert', 'ca.crt']);
  if (!roots) throw new SecretError('has no ca.crt');
  certificateOf(roots, 'ca.crt');
  return { kind: 'roots', name, roots, revoked: first(secret, ['ca.crl']) };
}

/** Empty: none of them is there. */
function first(secret: Secret, keys: readonly string[]): string {
  const key = keys.find((candidate) => bytes(secret, candidate) !== undefined);
  return key === undefined ? '' : bytes(secret, key)!.toString('utf8');
}

function bytes({ data, stringData }: Secret, key: string): Buffer | undefined {
  if (stringData[key] !== undefined) return Buffer.from(stringData[key]);
  return data[key] === undefined ? undefined : Buffer.from(data[key], 'base64');
}

function checkPair(chain: string, privateKey: string): void {
  const leaf = certificateOf(chain, 'tls.crt');
  if (!leaf.checkPrivateKey(keyOf(privateKey))) throw new SecretError('has a tls.key that is not of its tls.crt');
}

function certificateOf(pem: string, key: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new SecretError(`has no certificate in its ${key}`, { cause });
  }
}

/** Nothing of a key goes into words. */
function keyOf(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new SecretError('has no private key in its tls.key');
  }
}
