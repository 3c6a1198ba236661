import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger, systemClock, systemDice } from '@meltemi/base';
import {
  activateRoot,
  createJoinToken,
  newRootContent,
  prepareRoot,
  revokeCertificate,
  taintRoot,
} from '@meltemi/identity';
import { CertificateKeeper } from './certificate-keeper.ts';
import { DiscoveryClient } from './discovery-client.ts';
import { heldCertificate } from './held-certificate.ts';
import { startPilot } from './pilot.fixture.ts';
import { SecretStore } from './secret-store.ts';
import { TrustWatcher } from './trust-watcher.ts';

const clock = systemClock();
const dice = systemDice();
const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };

/** An agent's certificate and trust, from a real control plane over TLS. */
async function setUp(t: TestContext) {
  const pilot = await startPilot();
  const store = new SecretStore();
  const { address, rootsFile, tokenFile, name: serverName, authority } = pilot;
  const credentials = { tokenFile, certificate: () => heldCertificate(store, undefined, clock) };
  const discovery = new DiscoveryClient({ address, rootsFile, credentials, serverName, clock });
  const keeper = new CertificateKeeper({
    identity,
    ttlMs: 3_600_000,
    createCertificate: discovery.createCertificate.bind(discovery),
    store,
    clock,
    dice,
    logger: silentLogger,
  });
  const watcher = new TrustWatcher({
    openStream: discovery.openTrustStream.bind(discovery),
    store,
    onTainted: keeper.leaveRoots.bind(keeper),
    clock,
    dice,
    logger: silentLogger,
  });
  t.after(async () => {
    watcher.close();
    keeper.close();
    await discovery.close();
    await pilot.close();
  });
  const directory = join(pilot.directory, 'ca');
  return { authority, directory, keeper, watcher, store, tokenFile };
}

/** Resolves when the store holds what is wanted. */
function holds(store: SecretStore, wanted: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!wanted()) return;
      stop();
      resolve();
    };
    const stop = store.watch(look);
    look();
  });
}

function rootCount(store: SecretStore): number {
  return store.current?.roots.match(/BEGIN CERTIFICATE/g)?.length ?? 0;
}

test('roots and revocations reach the workload as they change, and a tainted root makes it renew', async (t) => {
  const { authority, directory, keeper, watcher, store } = await setUp(t);
  await keeper.start();
  await watcher.start();
  const [old] = authority.roots.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/) ?? [''];
  await prepareRoot(directory, newRootContent('cluster.local', clock.now()));
  await authority.reload();
  await holds(store, () => rootCount(store) === 2);
  await revokeCertificate(directory, '01ab', clock.now());
  await authority.reload();
  await holds(store, () => store.current!.revocationLists.includes('BEGIN X509 CRL'));
  const first = new X509Certificate(store.current!.certificateChain);
  assert.ok(first.verify(new X509Certificate(old).publicKey));
  await activateRoot(directory);
  await taintRoot(directory);
  await authority.reload();
  await holds(store, () => new X509Certificate(store.current!.certificateChain).serialNumber !== first.serialNumber);
  assert.ok(!new X509Certificate(store.current!.certificateChain).verify(new X509Certificate(old).publicKey));
  assert.equal(rootCount(store), 2, 'a new certificate does not take back what the trust stream said');
});

test('a join token gets the first certificate, which is the credential of every later call', async (t) => {
  const { directory, keeper, watcher, store, tokenFile, authority } = await setUp(t);
  await writeFile(tokenFile, await createJoinToken(directory, { identity, ttlMs: 60_000, now: clock.now() }));
  await keeper.start();
  const first = store.current!.certificateChain;
  await watcher.start();
  await prepareRoot(directory, newRootContent('cluster.local', clock.now()));
  await authority.reload();
  await holds(store, () => rootCount(store) === 2);
  await activateRoot(directory);
  await taintRoot(directory);
  await authority.reload();
  await holds(store, () => store.current!.certificateChain !== first);
});
