// Turns the key pairs of a TLS context into secure contexts: one for each server name that they are for, and one for other names.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { dnsSans } from '../tls/peer-certificate.ts';
import type { KeyPair } from '../tls/tls-material.ts';

/** The context for a client that asks for `serverName`; empty: it names none. */
export type ChooseContext = (serverName: string) => SecureContext;

/** An exact name, then `*.` for its parent, then the first key pair; of several for a name, one of each key type. `options`: what they share. */
export function serverCertificates(keyPairs: readonly KeyPair[], options: SecureContextOptions): ChooseContext {
  const fallback = contextOf(keyPairs, options);
  if (keyPairs.length < 2) return () => fallback;
  const pairsByName = new Map<string, KeyPair[]>();
  for (const pair of keyPairs) for (const name of namesOf(pair)) append(pairsByName, name, pair);
  const contexts = new Map([...pairsByName].map(([name, pairs]) => [name, contextOf(pairs, options)]));
  return (serverName) => contexts.get(serverName) ?? contexts.get(serverName.replace(/^[^.]+/, '*')) ?? fallback;
}

/** A context has one certificate of each key type: the first. */
function contextOf(keyPairs: readonly KeyPair[], options: SecureContextOptions): SecureContext {
  const byType = new Map<string | undefined, KeyPair>();
  for (const pair of keyPairs.toReversed()) byType.set(createPrivateKey(pair.key).asymmetricKeyType, pair);
  const pairs = [...byType.values()];
  return createSecureContext({
    ...options,
    cert: pairs.map((pair) => pair.certificateChain),
    key: pairs.map((pair) => pair.key),
  });
}

/** The common name counts only where there are no DNS names. */
function namesOf({ certificateChain }: KeyPair): readonly string[] {
  const certificate = new X509Certificate(certificateChain);
  const names = dnsSans(certificate.raw);
  const common = /^CN=(.+)$/m.exec(certificate.subject ?? '')?.[1];
  return (names.length > 0 ? names : common === undefined ? [] : [common]).map((name) => name.toLowerCase());
}

function append(pairs: Map<string, KeyPair[]>, name: string, pair: KeyPair): void {
  const known = pairs.get(name);
  if (known) known.push(pair);
  else pairs.set(name, [pair]);
}
