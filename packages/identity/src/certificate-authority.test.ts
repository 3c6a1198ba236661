import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { openCertificateAuthority } from './certificate-authority.ts';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';
import { svidIdentity } from './svid.ts';

const START = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;
const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'meltemi-ca-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

function open(path: string, clock = new ManualClock(START)) {
  return openCertificateAuthority({ directory: path, trustDomain: 'cluster.local', clock });
}

function code(expected: string) {
  return (error: unknown) => error instanceof IdentityError && error.code === expected;
}

test('a workload gets an X.509-SVID with one URI, no subject and the usages of a leaf', async (t) => {
  const authority = await open(await directory(t));
  const issued = await authority.issue({ publicKey, identity, ttlMs: HOUR });
  const leaf = new X509Certificate(issued.chain[0]!);
  const root = new X509Certificate(authority.roots);
  assert.deepEqual(
    {
      san: leaf.subjectAltName,
      ca: leaf.ca,
      subject: leaf.subject,
      usages: leaf.keyUsage,
      from: leaf.validFromDate.getTime(),
      to: leaf.validToDate.getTime(),
      serialBits: leaf.serialNumber.length * 4,
      signed: leaf.verify(root.publicKey) && leaf.checkIssued(root),
      chain: issued.chain.slice(1),
    },
    {
      san: 'URI:spiffe://cluster.local/ns/default/sa/reviews',
      ca: false,
      subject: undefined,
      usages: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
      from: START - 120_000,
      to: START + HOUR,
      serialBits: 136,
      signed: true,
      chain: [authority.roots],
    },
  );
  assert.deepEqual(svidIdentity(leaf.raw), identity);
});

test('OpenSSL finds the extensions critical and the chain good', async (t) => {
  const path = await directory(t);
  const authority = await openCertificateAuthority({
    directory: path,
    trustDomain: 'cluster.local',
    clock: new ManualClock(Date.now()),
  });
  const { chain } = await authority.issue({ publicKey, identity, ttlMs: HOUR });
  await writeFile(join(path, 'leaf.pem'), chain[0]!);
  const text = execFileSync('openssl', ['x509', '-noout', '-text', '-in', join(path, 'leaf.pem')]).toString();
  assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
  assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/);
  assert.match(text, /Subject Alternative Name: critical\s+URI:spiffe/);
  for (const purpose of ['sslserver', 'sslclient']) {
    const verify = [
      'verify',
      '-x509_strict',
      '-purpose',
      purpose,
      '-CAfile',
      join(path, 'root-cert.pem'),
      join(path, 'leaf.pem'),
    ];
    assert.match(execFileSync('openssl', verify).toString(), /OK/);
  }
});

test('an RSA key may also encipher keys', async (t) => {
  const path = await directory(t);
  const authority = await open(path);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { chain } = await authority.issue({ publicKey: rsa.publicKey, identity, ttlMs: HOUR });
  const text = execFileSync('openssl', ['x509', '-noout', '-text'], { input: chain[0]! }).toString();
  assert.match(text, /Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
});

test('a server gets names and addresses, and no identity of a workload', async (t) => {
  const authority = await open(await directory(t));
  const names = ['istiod.istio-system.svc', 'localhost', '127.0.0.1'];
  const leaf = new X509Certificate((await authority.issueServer({ publicKey, names, ttlMs: HOUR })).chain[0]!);
  assert.equal(leaf.subjectAltName, 'DNS:istiod.istio-system.svc, DNS:localhost, IP Address:127.0.0.1');
  assert.throws(() => svidIdentity(leaf.raw), code('BAD_PROOF'));
});

test('lifetimes above the most, of nothing, or that are no number are refused', async (t) => {
  const authority = await open(await directory(t));
  for (const ttlMs of [24 * HOUR + 1, 100 * 365 * 24 * HOUR, 0, -1, Number.NaN]) {
    await assert.rejects(authority.issue({ publicKey, identity, ttlMs }), code('BAD_TTL'));
  }
});

test('an identity of another trust domain or with an illegal name is refused', async (t) => {
  const authority = await open(await directory(t));
  for (const wrong of [{ trustDomain: 'other.local' }, { namespace: '..' }, { serviceAccount: 'a/b' }]) {
    await assert.rejects(
      authority.issue({ publicKey, identity: { ...identity, ...wrong }, ttlMs: HOUR }),
      code('BAD_IDENTITY'),
    );
  }
});

test('the root is made once, private, and read again', async (t) => {
  const path = await directory(t);
  const first = await open(path);
  const second = await open(path);
  assert.equal(second.roots, first.roots);
  assert.equal((await stat(join(path, 'ca-key.pem'))).mode & 0o777, 0o600);
  const life = new X509Certificate(first.roots);
  assert.equal(Math.round((life.validToDate.getTime() - START) / (365.25 * 24 * HOUR)), 10);
});

test('processes that start together agree on one root and leave nothing aside', async (t) => {
  const path = await directory(t);
  const authorities = await Promise.all(Array.from({ length: 8 }, () => open(path)));
  assert.equal(new Set(authorities.map((authority) => authority.roots)).size, 1);
  assert.deepEqual((await readdir(path)).sort(), ['ca-key.pem', 'root-cert.pem']);
});

test('a crash between key and certificate is finished with the same key', async (t) => {
  const path = await directory(t);
  const before = new X509Certificate((await open(path)).roots).publicKey;
  await rm(join(path, 'root-cert.pem'));
  assert.ok(new X509Certificate((await open(path)).roots).publicKey.equals(before));
});

test('refuses to start without the key of its certificate', async (t) => {
  const path = await directory(t);
  const { roots } = await open(path);
  await rm(join(path, 'ca-key.pem'));
  await assert.rejects(open(path), code('BAD_AUTHORITY'));
  assert.equal(await readFile(join(path, 'root-cert.pem'), 'utf8'), roots);
});

test('refuses to start on a broken file or on a key of another certificate, and says no byte of it', async (t) => {
  const path = await directory(t);
  await open(path);
  const key = await readFile(join(path, 'ca-key.pem'), 'utf8');
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  await chmod(join(path, 'ca-key.pem'), 0o600);
  for (const broken of ['', key.slice(0, 80), other]) {
    await writeFile(join(path, 'ca-key.pem'), broken);
    await assert.rejects(open(path), (error: Error) => code('BAD_AUTHORITY')(error) && !error.message.includes('MIG'));
  }
  await writeFile(join(path, 'ca-key.pem'), key);
  await writeFile(join(path, 'root-cert.pem'), 'not a certificate');
  await assert.rejects(open(path), code('BAD_AUTHORITY'));
});

test('given authorities sign, and the path to the root goes along', async (t) => {
  const path = await directory(t);
  givenAuthority(path);
  const authority = await openCertificateAuthority({
    directory: path,
    trustDomain: 'cluster.local',
    clock: new ManualClock(Date.now()),
  });
  const { chain } = await authority.issue({ publicKey, identity, ttlMs: HOUR });
  assert.equal(chain.length, 3);
  assert.equal(pemBlocks(chain[1]!, 'CERTIFICATE').length, 1);
  await writeFile(join(path, 'leaf.pem'), chain[0]!);
  await writeFile(join(path, 'path.pem'), chain[1]!);
  const verify = ['verify', '-CAfile', 'root-cert.pem', '-untrusted', 'path.pem', 'leaf.pem'];
  assert.match(execFileSync('openssl', verify, { cwd: path }).toString(), /OK/);
});

test('given authorities that do not chain to the given root are refused', async (t) => {
  const path = await directory(t);
  givenAuthority(path);
  const other = await directory(t);
  await writeFile(join(path, 'root-cert.pem'), (await open(other)).roots);
  await assert.rejects(open(path), code('BAD_AUTHORITY'));
});

/** An intermediate authority in RSA under a root, as people make them with OpenSSL. */
function givenAuthority(cwd: string): void {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd, stdio: 'pipe' });
  const ca = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const rsa = ['-newkey', 'rsa:2048', '-nodes'];
  openssl('req', '-x509', ...rsa, '-keyout', 'root-key.pem', '-out', 'root-cert.pem', '-subj', '/O=Test/CN=Root');
  const signed = ['-CA', 'root-cert.pem', '-CAkey', 'root-key.pem', '-subj', '/O=Test/CN=Intermediate', ...ca];
  openssl('req', '-x509', ...rsa, '-keyout', 'ca-key.pem', '-out', 'ca-cert.pem', ...signed);
  execFileSync('cp', ['ca-cert.pem', 'cert-chain.pem'], { cwd });
}
