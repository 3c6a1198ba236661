// The mesh's own root is exchanged under traffic, certificates and identities are taken back, by the commands an operator has.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { systemClock } from '@meltemi/base';
import { openCertificateAuthority } from '@meltemi/identity';
import { eventually, httpGet, type MeshUnderTest, startLoad, startMesh } from './support/mesh-under-test.ts';
import { type Pair, pairOf, secureGet } from './support/secure-get.ts';

let mesh: MeshUnderTest;
before(async () => {
  mesh = await startMesh();
});
after(() => mesh.close());

test('the root is exchanged in four steps and no request fails', async () => {
  const load = startLoad(`${await mesh.ingress()}/api/v1/products/0/reviews`, 4);
  const inbounds = (await mesh.status()).workloads.map(({ sidecar }) => sidecar.inbound);
  const [old] = roots();
  await authority('root', 'prepare');
  const [, next] = roots();
  // Everybody trusts both before the new one signs: what a sidecar takes from others shows that it does.
  await trustedByAll(2);
  await authority('root', 'activate');
  await authority('root', 'taint');
  await eventually(async () => {
    for (const inbound of inbounds) assert.ok((await leafOf(inbound)).verify(next!.publicKey), inbound);
  }, 30_000);
  await authority('root', 'revoke');
  await trustedByAll(1);
  const { requests, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(requests > 50, `${requests} requests`);
  assert.ok(!(await leafOf(inbounds[0]!)).verify(old!.publicKey));
});

test('a certificate that was taken back opens nothing within seconds, another of the same identity does', async () => {
  const { inbound } = (await mesh.workload('details-v1')).sidecar;
  const [good, bad] = [await productpagesPair(), await productpagesPair()];
  assert.match(await secureGet(inbound, bad), /^HTTP\/1.1 200/);
  const [kept, taken] = await Promise.all([openConnection(inbound, good), openConnection(inbound, bad)]);
  await authority('revoke', '--serial', bad.serialNumber);
  await taken.closed;
  assert.ok(kept.open, 'what the other had opened goes on');
  await eventually(async () => assert.match(await secureGet(inbound, bad), /^refused/));
  assert.match(await secureGet(inbound, good), /^HTTP\/1.1 200/);
  kept.end();
  assert.equal((await mesh.get('/api/v1/products/0/reviews')).status, 200);
});

test('a step out of order is refused with the reason, and changes nothing', async () => {
  const { code, stderr } = await mesh.command('istio_ca', 'root', 'revoke', '--ca-dir', directory());
  assert.deepEqual([code, stderr], [1, 'istio_ca: no root is old: prepare and activate another first\n']);
  assert.equal(roots().length, 1);
});

function directory(): string {
  return join(mesh.directory, '.mesh/ca');
}

async function authority(...words: readonly string[]): Promise<void> {
  const { code, stderr } = await mesh.command('istio_ca', ...words, '--ca-dir', directory());
  assert.equal(code, 0, stderr);
}

function roots(): readonly X509Certificate[] {
  const text = readFileSync(join(directory(), 'root-cert.pem'), 'utf8');
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
}

/** Waits until every proxy, the gateway too, has so many authorities in what it trusts. */
async function trustedByAll(count: number): Promise<void> {
  const { workloads, ingress } = await mesh.status();
  for (const admin of [...workloads.map(({ sidecar }) => sidecar.admin), ingress.admin])
    await eventually(async () => assert.equal(await authoritiesOf(admin), count, admin), 30_000);
}

interface SecretsDump {
  readonly dynamic_active_secrets?: readonly {
    readonly name: string;
    readonly secret: { readonly validation_context?: { readonly trusted_ca: { readonly inline_bytes: string } } };
  }[];
}

async function authoritiesOf(admin: string): Promise<number> {
  const { body } = await httpGet(`http://${admin}/config_dump`);
  const { configs } = JSON.parse(body) as { readonly configs: readonly SecretsDump[] };
  const secrets = configs.flatMap(({ dynamic_active_secrets }) => dynamic_active_secrets ?? []);
  const trusted = secrets.find(({ name }) => name === 'ROOTCA')?.secret.validation_context?.trusted_ca.inline_bytes;
  return (
    Buffer.from(trusted ?? '', 'base64')
      .toString()
      .split('BEGIN CERTIFICATE').length - 1
  );
}

/** The server's certificate, which a listener shows even to a client that it will refuse. */
function leafOf(address: string): Promise<X509Certificate> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerX509Certificate();
      socket.destroy();
      resolve(leaf!);
    });
    socket.once('error', reject);
  });
}

/** A certificate as the authority gives it to the product page. */
async function productpagesPair() {
  const trustDomain = 'cluster.local';
  const ca = await openCertificateAuthority({ directory: directory(), trustDomain, clock: systemClock() });
  return pairOf(ca, 'bookinfo-productpage');
}

/** A connection on which a request was answered, and which waits for the next. */
async function openConnection(address: string, { key, cert }: Pair) {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false, key, cert }, () => {
    socket.write('GET /details/0 HTTP/1.1\r\nhost: details\r\n\r\n');
  });
  const closed = once(socket, 'close');
  await once(socket, 'data');
  return {
    closed,
    get open() {
      return !socket.destroyed;
    },
    end: () => socket.destroy(),
  };
}
