// Reads and writes what an authority took back: certificates by their serial numbers, identities by their names.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IdentityError } from './identity-error.ts';
import { liveCertificates } from './issuance-log.ts';
import { readIfThere, replaceFile } from './small-file.ts';
import { parseSpiffeId } from './spiffe-id.ts';

export interface RevokedCertificate {
  /** Lower-case hex. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly revokedAt: number;
}

export interface Revocations {
  readonly certificates: readonly RevokedCertificate[];
  /** SPIFFE IDs that get no certificate, and may not use one to speak with the control plane. */
  readonly identities: readonly string[];
}

const FILE = 'revoked.json';
const NOTHING: Revocations = { certificates: [], identities: [] };
const SERIAL = /^[0-9a-f]{1,40}$/;

/** Throws IdentityError `BAD_AUTHORITY` for a file that can't be read: what was taken back must not come back by a slip. */
export async function readRevocations(directory: string): Promise<Revocations> {
  const text = await readIfThere(join(directory, FILE));
  if (text === undefined) return NOTHING;
  try {
    return checked(JSON.parse(text));
  } catch (cause) {
    throw new IdentityError('BAD_AUTHORITY', `${join(directory, FILE)} is no list of revocations`, { cause });
  }
}

/** `serialNumber` in hex, in any case, colons allowed, as openssl and our log print it. Throws `BAD_IDENTITY` for another text. */
export async function revokeCertificate(directory: string, serialNumber: string, now: number): Promise<void> {
  const serial = serialNumber.toLowerCase().replaceAll(':', '');
  if (!SERIAL.test(serial))
    throw new IdentityError('BAD_IDENTITY', `${JSON.stringify(serialNumber)} is no serial number in hex`);
  const { certificates, identities } = await readRevocations(directory);
  if (certificates.some((one) => one.serialNumber === serial)) return;
  await write(directory, { certificates: [...certificates, { serialNumber: serial, revokedAt: now }], identities });
}

/** With every certificate of it that still lives. Throws `BAD_IDENTITY` for what is not a workload's SPIFFE ID. */
export async function revokeIdentity(directory: string, identity: string, now: number): Promise<void> {
  if (!parseSpiffeId(identity))
    throw new IdentityError('BAD_IDENTITY', `${JSON.stringify(identity)} is not the SPIFFE ID of a workload`);
  const { certificates, identities } = await readRevocations(directory);
  const known = new Set(certificates.map(({ serialNumber }) => serialNumber));
  const more = (await liveCertificates(directory, identity, now))
    .filter(({ serialNumber }) => !known.has(serialNumber))
    .map(({ serialNumber }) => ({ serialNumber, revokedAt: now }));
  await write(directory, {
    certificates: [...certificates, ...more],
    identities: [...new Set([...identities, identity])],
  });
}

async function write(directory: string, revocations: Revocations): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(join(directory, FILE), `${JSON.stringify(revocations, undefined, 2)}\n`);
}

function checked(value: unknown): Revocations {
  const { certificates, identities } = value as Partial<Record<keyof Revocations, unknown>>;
  if (!Array.isArray(certificates) || !certificates.every(isRevokedCertificate)) throw new TypeError('certificates');
  if (!Array.isArray(identities) || !identities.every(isSpiffeId)) throw new TypeError('identities');
  return { certificates, identities };
}

function isRevokedCertificate(value: unknown): value is RevokedCertificate {
  const { serialNumber, revokedAt } = value as Partial<RevokedCertificate>;
  return typeof serialNumber === 'string' && SERIAL.test(serialNumber) && Number.isFinite(revokedAt);
}

function isSpiffeId(value: unknown): value is string {
  return typeof value === 'string' && parseSpiffeId(value) !== undefined;
}
