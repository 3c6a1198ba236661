// Keeps the workload's certificate in files for others on its machine (`/etc/certs` of old), and reads one that was kept.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkloadSecrets } from './secret-store.ts';

/** PEM. */
export interface KeyPair {
  readonly privateKey: string;
  /** The leaf first, without the root. */
  readonly certificateChain: string;
}

const NAMES = { privateKey: 'key.pem', certificateChain: 'cert-chain.pem', roots: 'root-cert.pem' } as const;

/** Istio's names. Each file is the old one or the new, whole; the key, which the others are no use without, comes first. */
export async function writeCertificateFiles(directory: string, secrets: WorkloadSecrets): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  await replace(join(directory, NAMES.privateKey), secrets.privateKey, 0o600);
  await replace(join(directory, NAMES.certificateChain), secrets.certificateChain, 0o644);
  await replace(join(directory, NAMES.roots), secrets.roots, 0o644);
}

/** What was written there, by this agent before or by an operator; undefined when it is not there. */
export async function readCertificateFiles(directory: string): Promise<KeyPair | undefined> {
  try {
    const [privateKey, certificateChain] = await Promise.all(
      [NAMES.privateKey, NAMES.certificateChain].map((name) => readFile(join(directory, name), 'utf8')),
    );
    return { privateKey: privateKey!, certificateChain: certificateChain! };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function replace(path: string, text: string, mode: number): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, text, { mode, flag: 'wx' });
  await rename(aside, path);
}
