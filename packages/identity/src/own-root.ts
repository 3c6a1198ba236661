// Reads the authority's own roots from its directory, and makes the first: which key is in which place says what it is for.
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { AuthorityMaterial } from './authority-material.ts';
import { pemBlocks } from './pem.ts';
import { readSigner, type RootContent, type Signer, signRoot } from './signer.ts';
import { readIfThere, writeOnce } from './small-file.ts';

/**
 * Names in the directory. `root-cert.pem` holds every root that peers trust; the one whose key is `ca-key.pem` signs.
 * A key that is `prepared` is trusted and signs nothing yet; the `old` one signs nothing any more.
 */
export const ROOT_FILES = {
  roots: 'root-cert.pem',
  key: 'ca-key.pem',
  preparedKey: 'prepared-ca-key.pem',
  oldKey: 'old-ca-key.pem',
  /** Roots whose certificates are to be renewed at once. */
  tainted: 'tainted-root-cert.pem',
} as const;

/** What stands in the directory; `undefined` where nothing does. PEM. */
export interface RootSlots {
  readonly roots: readonly string[];
  readonly key: string | undefined;
  readonly preparedKey: string | undefined;
  readonly oldKey: string | undefined;
  readonly tainted: readonly string[];
}

export async function readRootSlots(directory: string): Promise<RootSlots> {
  const read = (name: string) => readIfThere(join(directory, name));
  // The certificates are read before the keys: who wrote a certificate had written its key, so a key that is missing then is lost.
  const roots = pemBlocks((await read(ROOT_FILES.roots)) ?? '', 'CERTIFICATE');
  const [key, preparedKey, oldKey, tainted] = await Promise.all(
    [ROOT_FILES.key, ROOT_FILES.preparedKey, ROOT_FILES.oldKey, ROOT_FILES.tainted].map(read),
  );
  return { roots, key, preparedKey, oldKey, tainted: pemBlocks(tainted ?? '', 'CERTIFICATE') };
}

/** Makes key and root when neither is there and a content is given. Throws when one is there without the other. */
export async function ownRoot(directory: string, content: RootContent | undefined): Promise<AuthorityMaterial> {
  const slots = await withRoot(directory, await readRootSlots(directory), content);
  const further = [slots.preparedKey, slots.oldKey].flatMap((key) => signerOf(key, slots.roots) ?? []);
  const signer = signerOf(slots.key, slots.roots);
  if (!signer) throw new Error('ca-key.pem is not the key of a certificate in root-cert.pem');
  const { roots, tainted } = slots;
  return { signer, furtherSigners: further, intermediates: [], roots, tainted, revocationLists: [] };
}

async function withRoot(directory: string, slots: RootSlots, content: RootContent | undefined): Promise<RootSlots> {
  if (slots.key === undefined && slots.roots.length > 0)
    throw new Error('root-cert.pem is there but ca-key.pem is missing');
  if (slots.roots.length > 0) return slots;
  if (!content) throw new Error('root-cert.pem is gone');
  const key = slots.key ?? (await writeOnce(join(directory, ROOT_FILES.key), newRootKey()));
  const root = await signRoot(createPrivateKey(key), content);
  const written = await writeOnce(join(directory, ROOT_FILES.roots), root);
  return { ...slots, key, roots: pemBlocks(written, 'CERTIFICATE') };
}

/** PEM. */
export function newRootKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/** The key with its certificate; undefined without a key, or when no root is the key's. */
export function signerOf(key: string | undefined, roots: readonly string[]): Signer | undefined {
  if (key === undefined) return undefined;
  const privateKey = createPrivateKey(key);
  const certificate = roots.find((pem) => new X509Certificate(pem).checkPrivateKey(privateKey));
  return certificate === undefined ? undefined : readSigner(key, certificate);
}
