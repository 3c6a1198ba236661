// The roots of a trust domain ↔ a SPIFFE bundle: a JSON Web Key set whose keys carry their certificates.
// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Trust_Domain_and_Bundle.md §4
import { X509Certificate } from 'node:crypto';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';

export interface SpiffeBundle {
  /** PEM. */
  readonly roots: string;
  /** How soon to ask again; undefined: the bundle does not say. */
  readonly refreshMs: number | undefined;
}

/** How soon others ask again: a root is prepared long before it signs. */
const REFRESH_SECONDS = 300;
const MOST_KEYS = 100;

/** `roots`: PEM. */
export function spiffeBundle(roots: string): string {
  const keys = pemBlocks(roots, 'CERTIFICATE').map((pem) => {
    const certificate = new X509Certificate(pem);
    const key = certificate.publicKey.export({ format: 'jwk' });
    return { use: 'x509-svid', ...key, x5c: [certificate.raw.toString('base64')] };
  });
  return JSON.stringify({ keys, spiffe_refresh_hint: REFRESH_SECONDS });
}

/** Keys for other uses than X.509-SVIDs are passed over, as the standard wants. Throws IdentityError `BAD_BUNDLE`. */
export function parseSpiffeBundle(text: string): SpiffeBundle {
  try {
    const { keys, spiffe_refresh_hint: hint } = JSON.parse(text) as Record<string, unknown>;
    if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw new TypeError('keys');
    const roots = keys.filter((key) => (key as { use?: unknown }).use === 'x509-svid').map(certificateOf);
    if (roots.length === 0) throw new TypeError('no key for X.509-SVIDs');
    const seconds = typeof hint === 'number' && hint > 0 ? hint : undefined;
    return { roots: roots.join(''), refreshMs: seconds === undefined ? undefined : seconds * 1000 };
  } catch (cause) {
    throw new IdentityError('BAD_BUNDLE', 'it is no SPIFFE bundle with keys for X.509-SVIDs', { cause });
  }
}

/** §4.2.1: exactly one certificate, and it is the key's; here also an authority. */
function certificateOf(key: unknown): string {
  const { x5c } = key as { readonly x5c?: unknown };
  if (!Array.isArray(x5c) || x5c.length !== 1 || typeof x5c[0] !== 'string') throw new TypeError('x5c');
  const certificate = new X509Certificate(Buffer.from(x5c[0], 'base64'));
  if (!certificate.ca) throw new TypeError('no authority');
  return certificate.toString();
}
