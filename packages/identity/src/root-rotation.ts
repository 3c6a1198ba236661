// Exchanges the authority's own root in four steps, none of which fails a connection: prepare → activate → taint → revoke.
// https://github.com/spiffe/spire/blob/main/doc/upstream_authority.md names the same states.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IdentityError } from './identity-error.ts';
import { newRootKey, readRootSlots, ROOT_FILES, type RootSlots, signerOf } from './own-root.ts';
import { readIfThere, replaceFile } from './small-file.ts';
import { type RootContent, signRoot } from './signer.ts';

/** Where each root of the authority stands. */
export type RootState = 'prepared' | 'active' | 'old' | 'tainted' | 'trusted';

export interface RootStatus {
  readonly state: RootState;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** Peers trust a new root from now on; nothing is signed with it yet. */
export async function prepareRoot(directory: string, content: RootContent): Promise<void> {
  const slots = await rotatable(directory);
  if (slots.preparedKey !== undefined && signerOf(slots.preparedKey, slots.roots))
    throw refusal('a root is prepared already: activate it first');
  if (isOld(slots)) throw refusal('the last rotation is not over: revoke its old root first');
  const key = newRootKey();
  const root = await signRoot(createPrivateKey(key), content);
  // The key first: a prepared key without a root is as none.
  await replaceFile(join(directory, ROOT_FILES.preparedKey), key);
  await replaceFile(join(directory, ROOT_FILES.roots), [...slots.roots, root].join(''));
}

/** What is signed from now on is signed with the prepared root. Every peer must trust it by now. */
export async function activateRoot(directory: string): Promise<void> {
  const slots = await rotatable(directory);
  if (!signerOf(slots.preparedKey, slots.roots)) throw refusal('no root is prepared');
  await copyFile(join(directory, ROOT_FILES.key), join(directory, ROOT_FILES.oldKey));
  await rename(join(directory, ROOT_FILES.preparedKey), join(directory, ROOT_FILES.key));
}

/** Who holds a certificate of the old root renews it now. */
export async function taintRoot(directory: string): Promise<void> {
  const slots = await rotatable(directory);
  await replaceFile(join(directory, ROOT_FILES.tainted), oldSigner(slots).certificate);
}

/** Nobody trusts the old root from now on. Every workload must have a certificate of the new one by now. */
export async function revokeRoot(directory: string): Promise<void> {
  const slots = await rotatable(directory);
  const old = fingerprintOf(oldSigner(slots).certificate);
  if (!slots.tainted.some((pem) => fingerprintOf(pem) === old))
    throw refusal('the old root is not tainted: workloads may still hold its certificates');
  const kept = slots.roots.filter((pem) => fingerprintOf(pem) !== old);
  await replaceFile(join(directory, ROOT_FILES.roots), kept.join(''));
  await rm(join(directory, ROOT_FILES.oldKey));
  await rm(join(directory, ROOT_FILES.tainted));
}

/** Each root that peers are told to trust, in the order of `root-cert.pem`. */
export async function rootStatus(directory: string): Promise<readonly RootStatus[]> {
  const slots = await readRootSlots(directory);
  const tainted = new Set(slots.tainted.map(fingerprintOf));
  const states = new Map<string, RootState>();
  for (const [key, state] of [
    [slots.preparedKey, 'prepared'],
    [slots.oldKey, 'old'],
    [slots.key, 'active'],
  ] as const) {
    const signer = signerOf(key, slots.roots);
    if (signer) states.set(fingerprintOf(signer.certificate), state);
  }
  return slots.roots.map((pem) => {
    const fingerprint = fingerprintOf(pem);
    const state = tainted.has(fingerprint) ? 'tainted' : (states.get(fingerprint) ?? 'trusted');
    return { state, fingerprint, notAfter: new X509Certificate(pem).validToDate.getTime() };
  });
}

async function rotatable(directory: string): Promise<RootSlots> {
  if ((await readIfThere(join(directory, 'ca-cert.pem'))) !== undefined)
    throw refusal('the signing certificate was given (ca-cert.pem): exchange the files themselves');
  const slots = await readRootSlots(directory);
  if (!signerOf(slots.key, slots.roots)) throw refusal('there is no root yet');
  return slots;
}

function oldSigner(slots: RootSlots) {
  const signer = signerOf(slots.oldKey, slots.roots);
  if (!signer || !isOld(slots)) throw refusal('no root is old: prepare and activate another first');
  return signer;
}

/** A key that was copied for an activation which did not come to pass is not old; nor is one whose root is gone. */
function isOld({ key, oldKey, roots }: RootSlots): boolean {
  return oldKey !== key && signerOf(oldKey, roots) !== undefined;
}

function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

function refusal(why: string): IdentityError {
  return new IdentityError('BAD_AUTHORITY', why);
}
