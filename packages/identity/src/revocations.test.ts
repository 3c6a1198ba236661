import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';
import { systemClock } from '@meltemi/base';
import { certificateAttestor } from './certificate-attestor.ts';
import { newRootContent, openCertificateAuthority } from './certificate-authority.ts';
import { IdentityError } from './identity-error.ts';
import { pemBlocks } from './pem.ts';
import { readRevocations, revokeCertificate, revokeIdentity } from './revocations.ts';
import { activateRoot, prepareRoot } from './root-rotation.ts';
import { spiffeId } from './spiffe-id.ts';

const HOUR = 3_600_000;
const clock = systemClock();
const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };

async function setUp(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-revoked-'));
  t.after(() => rm(directory, { recursive: true }));
  const authority = await openCertificateAuthority({ directory, trustDomain: 'cluster.local', clock });
  const pair = async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { chain, serialNumber } = await authority.issue({ publicKey, identity, ttlMs: HOUR });
    return { cert: chain[0]!, key: privateKey.export({ type: 'pkcs8', format: 'pem' }), serialNumber };
  };
  return { directory, authority, pair };
}

type Pair = Awaited<ReturnType<Awaited<ReturnType<typeof setUp>>['pair']>>;

/** What a TLS server with these roots and lists says of a client: its certificate is taken, or the reason why it isn't. */
async function verdict(server: Pair, client: Pair, roots: string, lists: string): Promise<string> {
  const crl = pemBlocks(lists, 'X509 CRL');
  const options = {
    ...server,
    ca: pemBlocks(roots, 'CERTIFICATE') as string[],
    requestCert: true,
    rejectUnauthorized: false,
  };
  const listener = createServer({ ...options, ...(crl.length > 0 && { crl: [...crl] }) });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(listener, 'secureConnection');
  const socket = connect({ ...client, port: (listener.address() as AddressInfo).port, rejectUnauthorized: false });
  const [peer] = (await accepted) as [{ authorized: boolean; authorizationError: unknown; destroy(): void }];
  socket.destroy();
  peer.destroy();
  listener.close();
  return peer.authorized ? 'taken' : String(peer.authorizationError);
}

test('a certificate that was taken back is refused by peers that have the list, and others are not', async (t) => {
  const { directory, authority, pair } = await setUp(t);
  const [server, good, bad] = await Promise.all([pair(), pair(), pair()]);
  assert.equal(authority.trust.revocationLists, '');
  await revokeCertificate(directory, bad.serialNumber.toUpperCase(), clock.now());
  await authority.reload();
  const { roots, revocationLists } = authority.trust;
  assert.equal(await verdict(server, good, roots, revocationLists), 'taken');
  assert.equal(await verdict(server, bad, roots, revocationLists), 'CERT_REVOKED');
});

test('while the root is exchanged, the lists of both roots hold', async (t) => {
  const { directory, authority, pair } = await setUp(t);
  const [oldGood, oldBad] = await Promise.all([pair(), pair()]);
  await prepareRoot(directory, newRootContent('cluster.local', clock.now()));
  await activateRoot(directory);
  await authority.reload();
  const [newGood, newBad] = await Promise.all([pair(), pair()]);
  await revokeCertificate(directory, oldBad.serialNumber, clock.now());
  await revokeCertificate(directory, newBad.serialNumber, clock.now());
  await authority.reload();
  const { roots, revocationLists } = authority.trust;
  const verdicts = [];
  for (const one of [oldGood, oldBad, newGood, newBad])
    verdicts.push(await verdict(newGood, one, roots, revocationLists));
  assert.deepEqual(verdicts, ['taken', 'CERT_REVOKED', 'taken', 'CERT_REVOKED']);
});

test('openssl reads the list, and finds number, issuer and entries in it', async (t) => {
  const { directory, authority, pair } = await setUp(t);
  const { serialNumber } = await pair();
  await revokeCertificate(directory, serialNumber, clock.now());
  await authority.reload();
  const path = join(directory, 'list.pem');
  await writeFile(path, authority.trust.revocationLists);
  const text = execFileSync(
    'openssl',
    ['crl', '-in', path, '-text', '-noout', '-CAfile', join(directory, 'root-cert.pem')],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  assert.match(text, /X509v3 CRL Number:\s+\d+/);
  assert.match(text, /X509v3 Authority Key Identifier/);
  assert.match(text, new RegExp(`Serial Number: ${serialNumber.toUpperCase()}`));
});

test('who holds a revoked certificate, or is a revoked identity, is nobody for the control plane', async (t) => {
  const { directory, authority, pair } = await setUp(t);
  const attestor = certificateAttestor({ authority, clock });
  const [one, other] = await Promise.all([pair(), pair()]);
  const show = ({ cert }: Pair) => attestor.attest({ peerCertificate: derOf(cert) });
  await revokeCertificate(directory, one.serialNumber, clock.now());
  await authority.reload();
  await assert.rejects(show(one), /revoked/);
  assert.deepEqual(await show(other), identity);
  await revokeIdentity(directory, spiffeId(identity), clock.now());
  await authority.reload();
  await assert.rejects(show(other), /identity is revoked/);
  await assert.rejects(pair(), (error) => error instanceof IdentityError && error.code === 'BAD_IDENTITY');
});

test('a word that is no serial number, an identity that is none, and a broken file are refused', async (t) => {
  const { directory, authority } = await setUp(t);
  for (const word of ['', 'xyz', '12 34', 'f'.repeat(41)])
    await assert.rejects(revokeCertificate(directory, word, 0), /no serial number/);
  await assert.rejects(revokeIdentity(directory, 'reviews', 0), /not the SPIFFE ID/);
  await writeFile(join(directory, 'revoked.json'), '{"certificates": [{"serialNumber": 5}], "identities": []}');
  await assert.rejects(readRevocations(directory), /no list of revocations/);
  await assert.rejects(authority.reload(), /no list of revocations/);
});

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
}
