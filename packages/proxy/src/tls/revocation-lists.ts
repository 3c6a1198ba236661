// The revocation lists of a context as OpenSSL takes them, which asks for one of every authority that it trusts.
import type { SecureContextOptions } from 'node:tls';
import type { TlsMaterial } from './tls-material.ts';

/** Authorities of other trust domains send no list: with theirs, certificates are looked up apart from OpenSSL. */
export function revocationLists({ revoked, bundles }: TlsMaterial): Pick<SecureContextOptions, 'crl'> {
  return revoked === undefined || bundles ? {} : { crl: revoked };
}
