// Finds the authority's key and certificates in its directory: those given (`ca-cert.pem` …), or a root made there once.
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthorityMaterial } from './authority-material.ts';
import { IdentityError } from './identity-error.ts';
import { ownRoot } from './own-root.ts';
import { pemBlocks } from './pem.ts';
import { readIfThere } from './small-file.ts';
import { readSigner, type RootContent } from './signer.ts';

/** Reads the files, or makes `root` when none are there. Anything half there or not fitting is `BAD_AUTHORITY`: a new root never comes by itself. */
export async function authorityFiles(directory: string, root: RootContent | undefined): Promise<AuthorityMaterial> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const given = await readIfThere(join(directory, 'ca-cert.pem'));
    const files = given === undefined ? await ownRoot(directory, root) : await givenFiles(directory, given);
    checkPath(files);
    return files;
  } catch (cause) {
    if (cause instanceof IdentityError) throw cause;
    throw new IdentityError('BAD_AUTHORITY', `certificate authority in ${directory}: ${reason(cause)}`, { cause });
  }
}

async function givenFiles(directory: string, certificate: string): Promise<AuthorityMaterial> {
  const [key, root, chain] = await Promise.all(
    ['ca-key.pem', 'root-cert.pem', 'cert-chain.pem'].map((name) => readFile(join(directory, name), 'utf8')),
  );
  const lists = (await readIfThere(join(directory, 'ca-crl.pem'))) ?? '';
  const [first = ''] = pemBlocks(certificate, 'CERTIFICATE');
  return {
    signer: readSigner(key!, first),
    furtherSigners: [],
    intermediates: withSigner(pemBlocks(chain!, 'CERTIFICATE'), first),
    roots: pemBlocks(root!, 'CERTIFICATE'),
    tainted: [],
    revocationLists: pemBlocks(lists, 'X509 CRL'),
  };
}

/** `cert-chain.pem` usually begins with the signer; a leaf's path needs it, unless it is the root itself. */
function withSigner(chain: readonly string[], signer: string): readonly string[] {
  const { raw } = new X509Certificate(signer);
  const path = chain.filter((pem) => !isSelfSigned(pem));
  const holdsSigner = path.some((pem) => new X509Certificate(pem).raw.equals(raw));
  return holdsSigner || isSelfSigned(signer) ? path : [signer, ...path];
}

function isSelfSigned(pem: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.checkIssued(certificate);
}

/** Each certificate is a CA and signed by the next; the last by a root. */
function checkPath({ signer, intermediates, roots }: AuthorityMaterial): void {
  const anchors = roots.map((pem) => new X509Certificate(pem));
  const path = [signer.certificate, ...intermediates.slice(1)].map((pem) => new X509Certificate(pem));
  path.forEach((certificate, index) => {
    if (!certificate.ca) throw new Error('a signing certificate is not a CA');
    const next = path[index + 1];
    const issuers = next ? [next] : anchors;
    if (!issuers.some((issuer) => isIssuedBy(certificate, issuer))) {
      throw new Error('the signing certificate does not chain to root-cert.pem');
    }
  });
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Never the text of a file: OpenSSL's errors name what is wrong, not the bytes. */
function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unreadable';
}
