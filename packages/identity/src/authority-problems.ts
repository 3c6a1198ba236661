// What is wrong, or soon will be, with the certificates that an authority signs with and tells peers to trust.
import type { Problem } from '@meltemi/base';
import { certificatesEnd } from './certificates-end.ts';
import type { CertificateAuthority } from './certificate-authority.ts';

const DAY_MS = 24 * 3_600_000;
/** Time enough to exchange a root without haste. */
const SOON_MS = 30 * DAY_MS;
const CODE = 'MEL0307';

/** `now` in milliseconds since the epoch. Messages name dates, so they stay the same from look to look. */
export function authorityProblems(
  { roots, signerEnd }: Pick<CertificateAuthority, 'roots' | 'signerEnd'>,
  now: number,
): readonly Problem[] {
  const signer = signerProblem(signerEnd, now);
  const rootEnd = certificatesEnd(roots);
  if (signer || rootEnd >= now + SOON_MS) return signer ? [signer] : [];
  return [rootProblem(rootEnd, now)];
}

function signerProblem(end: number, now: number): Problem | undefined {
  if (end <= now) return problem('error', `the signing certificate ended on ${day(end)}: nothing can be signed`);
  if (end >= now + SOON_MS) return undefined;
  return problem('warning', `the signing certificate ends on ${day(end)}: exchange it (istio_ca root prepare)`);
}

function rootProblem(end: number, now: number): Problem {
  const verb = end <= now ? 'ended' : 'ends';
  return problem('warning', `a root certificate that peers are told to trust ${verb} on ${day(end)}`);
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function problem(severity: Problem['severity'], message: string): Problem {
  return { severity, code: CODE, message };
}
