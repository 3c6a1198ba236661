// Finds the authority's key and certificates in its directory: those given (`ca-cert.pem` …), or a root made there once.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';
import { readSigner, type RootContent, type Signer, signRoot } from './signer.ts';

/** What signs, and the path from it to what peers trust; PEM. */
export interface AuthorityFiles {
  readonly signer: Signer;
  readonly intermediates: readonly string[];
  readonly roots: readonly string[];
}

/** Reads or makes the files. Anything half there or not fitting is `BAD_AUTHORITY`: a new root never comes by itself. */
export async function authorityFiles(directory: string, root: RootContent): Promise<AuthorityFiles> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const given = await readIfThere(join(directory, 'ca-cert.pem'));
    return given === undefined ? await ownRoot(directory, root) : await givenFiles(directory, given);
  } catch (cause) {
    if (cause instanceof IdentityError) throw cause;
    throw new IdentityError('BAD_AUTHORITY', `certificate authority in ${directory}: ${reason(cause)}`, { cause });
  }
}

async function givenFiles(directory: string, certificate: string): Promise<AuthorityFiles> {
  const [key, root, chain] = await Promise.all(
    ['ca-key.pem', 'root-cert.pem', 'cert-chain.pem'].map((name) => readFile(join(directory, name), 'utf8')),
  );
  const intermediates = pemBlocks(chain!, 'CERTIFICATE');
  const roots = pemBlocks(root!, 'CERTIFICATE');
  const [first] = pemBlocks(certificate, 'CERTIFICATE');
  const files = { signer: readSigner(key!, first ?? ''), intermediates: withSigner(intermediates, first ?? ''), roots };
  checkPath(files);
  return files;
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
function checkPath({ signer, intermediates, roots }: AuthorityFiles): void {
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

/** The certificate is read before the key: who wrote the certificate had written the key, so a key that is missing then is lost. */
async function ownRoot(directory: string, root: RootContent): Promise<AuthorityFiles> {
  const certificatePath = join(directory, 'root-cert.pem');
  const keyPath = join(directory, 'ca-key.pem');
  let certificate = await readIfThere(certificatePath);
  let key = await readIfThere(keyPath);
  if (key === undefined && certificate !== undefined)
    throw new Error('root-cert.pem is there but ca-key.pem is missing');
  key ??= await writeOnce(keyPath, newKey());
  certificate ??= await writeOnce(certificatePath, await signRoot(privateKeyOf(key), root));
  const files = {
    signer: readSigner(key, certificate),
    intermediates: [],
    roots: pemBlocks(certificate, 'CERTIFICATE'),
  };
  checkPath(files);
  return files;
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

function privateKeyOf(pem: string): KeyObject {
  return createPrivateKey(pem);
}

/** Whole or not at all, and never over another's: written aside, then linked. Returns what is there in the end. */
async function writeOnce(path: string, text: string): Promise<string> {
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await link(aside, path).catch(ignoreExisting);
  } finally {
    await file.close();
    await rm(aside);
  }
  return readFile(path, 'utf8');
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Never the text of a file: OpenSSL's errors name what is wrong, not the bytes. */
function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unreadable';
}
