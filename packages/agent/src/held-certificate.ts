// The certificate by which the agent itself is known: the workload's own, or one that was provisioned for its first calls.
import { X509Certificate } from 'node:crypto';
import type { Clock } from '@meltemi/base';
import type { KeyPair } from './certificate-files.ts';
import type { SecretStore } from './secret-store.ts';

/** Undefined when neither is there, or neither is valid now. */
export function heldCertificate(
  store: SecretStore,
  provisioned: KeyPair | undefined,
  clock: Clock,
): KeyPair | undefined {
  return [store.current, provisioned].find((pair) => pair !== undefined && isValid(pair, clock.now()));
}

function isValid({ certificateChain }: KeyPair, now: number): boolean {
  const leaf = new X509Certificate(certificateChain);
  return leaf.validFromDate.getTime() <= now && now < leaf.validToDate.getTime();
}
