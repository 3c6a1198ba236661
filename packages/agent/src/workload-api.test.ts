// What an independent client of SPIFFE's Workload API reads from the agent's socket.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type ClientReadableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { SpiffeWorkloadAPI, X509SVIDRequestSchema, type X509SVIDResponse } from '@meltemi/api/spiffe/workload_pb';
import { silentLogger, systemClock, systemDice } from '@meltemi/base';
import { openCertificateAuthority, spiffeId } from '@meltemi/identity';
import { grpcClient, grpcService, serveGrpc } from '@meltemi/rpc';
import { CertificateKeeper } from './certificate-keeper.ts';
import { SecretStore } from './secret-store.ts';
import { workloadApi } from './workload-api.ts';

const python = process.env['MELTEMI_SPIFFE_PYTHON'] ?? 'python3';
const skip = spawnSync(python, ['-c', 'import spiffe']).status === 0 ? false : 'no py-spiffe in MELTEMI_SPIFFE_PYTHON';
const clock = systemClock();
const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };

/** Prints a line for the first certificate and one for each that follows. */
const CLIENT = `
import sys, time
from spiffe import X509Source, WorkloadApiClient
with WorkloadApiClient(sys.argv[1]) as client:
    context = client.fetch_x509_context()
    svid = context.default_svid
    roots = context.x509_bundle_set.get_bundle_for_trust_domain(svid.spiffe_id.trust_domain)
    print(svid.spiffe_id, len(svid.cert_chain), len(roots.x509_authorities), flush=True)
source = X509Source(socket_path=sys.argv[1])
serial = lambda: hex(source.get_x509_context().default_svid.leaf.serial_number)
first = serial()
print(first, flush=True)
while serial() == first: time.sleep(0.02)
print(serial(), flush=True)
source.close()
`;

/** A socket with the Workload API over a real authority's certificates. */
async function serve(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-spiffe-'));
  const authority = await openCertificateAuthority({ directory, trustDomain: identity.trustDomain, clock });
  const store = new SecretStore();
  const keep = () =>
    new CertificateKeeper({
      identity,
      ttlMs: 3_600_000,
      store,
      clock,
      dice: systemDice(),
      logger: silentLogger,
      async createCertificate(csr, ttlMs) {
        return (await authority.issue({ publicKey: await authority.requestedKey(csr), identity, ttlMs })).chain;
      },
    });
  const address = { path: join(directory, 'SDS') };
  const api = workloadApi({ store, spiffeId: spiffeId(identity), trustDomain: identity.trustDomain });
  const server = await serveGrpc({ address, services: [api] });
  t.after(async () => {
    await server.close(0);
    await rm(directory, { recursive: true });
  });
  const renew = async () => {
    const keeper = keep();
    t.after(() => keeper.close());
    await keeper.start();
  };
  return { address, store, renew };
}

test('py-spiffe reads certificate and roots, and sees the next certificate come', { skip }, async (t) => {
  const { address, renew } = await serve(t);
  await renew();
  const client = spawn(python, ['-c', CLIENT, `unix:${address.path}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => client.kill('SIGKILL'));
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  assert.equal(await next(), 'spiffe://cluster.local/ns/default/sa/reviews 1 1');
  const first = await next();
  await renew();
  assert.notEqual(await next(), first);
  assert.equal((await once(client, 'exit'))[0], 0);
});

test('a stream that opens before there is a certificate gets it when it comes', async (t) => {
  const { address, renew } = await serve(t);
  const waiting = fetchOne(t, address);
  await renew();
  assert.equal((await waiting).svids[0]!.spiffeId, 'spiffe://cluster.local/ns/default/sa/reviews');
});

test('roots of other trust domains come with the certificate', async (t) => {
  const { address, store, renew } = await serve(t);
  await renew();
  const { roots } = store.current!;
  const bundles = [identity.trustDomain, 'south.example'].map((trustDomain) => ({ trustDomain, roots }));
  store.replaceTrust({ roots, revocationLists: '', bundles });
  const { federatedBundles, svids } = await fetchOne(t, address);
  assert.deepEqual(Object.keys(federatedBundles), ['spiffe://south.example']);
  assert.deepEqual(federatedBundles['spiffe://south.example'], svids[0]!.bundle);
});

test('a call without the header of the standard is refused', async (t) => {
  const { address, renew } = await serve(t);
  await renew();
  await assert.rejects(
    fetchOne(t, address, new Metadata()),
    (error: ServiceError) => error.code === status.INVALID_ARGUMENT,
  );
});

/** The first answer of a stream. */
async function fetchOne(
  t: TestContext,
  address: { readonly path: string },
  metadata = marked(),
): Promise<X509SVIDResponse> {
  const client = grpcClient(grpcService(SpiffeWorkloadAPI), address);
  t.after(() => client.close());
  const method = client['FetchX509SVID'] as unknown as (
    request: object,
    metadata: Metadata,
  ) => ClientReadableStream<X509SVIDResponse>;
  const stream = method.call(client, create(X509SVIDRequestSchema), metadata);
  const [response] = (await once(stream, 'data')) as [X509SVIDResponse];
  stream.on('error', () => {});
  stream.cancel();
  return response;
}

function marked(): Metadata {
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', 'true');
  return metadata;
}
