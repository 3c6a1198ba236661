// Chooses what a call to the control plane shows: the workload's token, a one-time join token, or its own certificate.
import { readFile } from 'node:fs/promises';
import type { KeyPair } from './certificate-files.ts';

/** `authorization` goes with the call; `certificate` with the connection. */
export interface CallerCredentials {
  readonly authorization?: string;
  readonly certificate?: KeyPair;
}

export interface CredentialSource {
  /** Read for each call: kubelet, our supervisor and operators renew it. */
  readonly tokenFile: string;
  /** The workload's certificate, when it has one that is valid. */
  readonly certificate: () => KeyPair | undefined;
}

/** What `istio_ca token` makes begins so. */
const JOIN_TOKEN = /^meltemi-join\./;

/** A join token opens the door once, for the first certificate; that is the credential from then on. Rejects when there is none. */
export async function callerCredentials(
  { tokenFile, certificate }: CredentialSource,
  purpose: 'certificate' | 'stream',
): Promise<CallerCredentials> {
  const token = (await readIfThere(tokenFile))?.trim();
  if (token && !JOIN_TOKEN.test(token)) return { authorization: `Bearer ${token}` };
  const held = certificate();
  if (held) return { certificate: held };
  if (token === undefined) throw new Error(`${tokenFile} is not there, and no certificate`);
  if (purpose === 'stream') throw new Error('no certificate yet');
  return { authorization: `Bearer ${token}` };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
