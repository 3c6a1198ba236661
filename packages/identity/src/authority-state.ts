// Reads everything that the authority's directory says at one moment: keys, roots, what was taken back.
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { authorityFiles } from './authority-files.ts';
import type { AuthorityMaterial } from './authority-material.ts';
import { BACKDATE_MS } from './backdate.ts';
import { IdentityError } from './identity-error.ts';
import { signRevocationList } from './revocation-list.ts';
import { readRevocations, type Revocations } from './revocations.ts';
import type { RootContent } from './signer.ts';
import type { Trust } from './trust.ts';

export interface AuthorityState {
  readonly material: AuthorityMaterial;
  readonly revocations: Revocations;
  readonly trust: Trust;
  /** Other when the directory says something else, or its revocation lists grow old. */
  readonly fingerprint: string;
}

const HOUR_MS = 3_600_000;
/** A list is in force for this long, and signed anew each hour: a control plane that is away for a week breaks nothing before. */
const LIST_LIFE_MS = 7 * 24 * HOUR_MS;

/** `now` in milliseconds since the epoch. Makes `root` when there is none. Throws IdentityError `BAD_AUTHORITY`. */
export async function readAuthority(
  directory: string,
  root: RootContent | undefined,
  now: number,
): Promise<AuthorityState> {
  const [material, revocations] = [await authorityFiles(directory, root), await readRevocations(directory)];
  const hour = hourOf(now);
  const lists = await revocationLists(material, revocations, hour);
  return {
    material,
    revocations,
    trust: { roots: material.roots.join(''), revocationLists: lists.join(''), tainted: material.tainted.join('') },
    fingerprint: fingerprintOf(material, revocations, lists.length > 0 ? hour : 0),
  };
}

/** Other when a file of the directory changed, or the hour: cheap, and enough to tell that nothing is to be read again. */
export async function stampOf(directory: string, now: number): Promise<string> {
  const names = (await readdir(directory)).sort();
  const times = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).mtimeMs));
  return JSON.stringify([names, times, hourOf(now)]);
}

function hourOf(now: number): number {
  return Math.floor(now / HOUR_MS) * HOUR_MS;
}

/** With one list, peers want one of every authority on the path: the roots that were given must come with theirs. */
async function revocationLists(
  material: AuthorityMaterial,
  { certificates }: Revocations,
  hour: number,
): Promise<readonly string[]> {
  const given = material.revocationLists;
  if (certificates.length === 0) return given;
  if (material.intermediates.length > 0 && given.length === 0) {
    throw new IdentityError(
      'BAD_AUTHORITY',
      'certificates of a given signer are revoked, and ca-crl.pem, the list of its root, is missing',
    );
  }
  const content = { certificates, thisUpdate: hour - BACKDATE_MS, nextUpdate: hour + LIST_LIFE_MS };
  const signers = [material.signer, ...material.furtherSigners];
  return [...given, ...(await Promise.all(signers.map((signer) => signRevocationList(signer, content))))];
}

function fingerprintOf(material: AuthorityMaterial, revocations: Revocations, hour: number): string {
  const { signer, furtherSigners, intermediates, roots, tainted, revocationLists: given } = material;
  const keys = [signer, ...furtherSigners].map(({ certificate }) => certificate);
  const text = JSON.stringify([keys, intermediates, roots, tainted, given, revocations, hour]);
  return createHash('sha256').update(text).digest('hex');
}
