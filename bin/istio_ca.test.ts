// The authority as a program of its own: what node agents of old and pilot-agents of today get, and what operators do.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CsrRequestSchema, type CsrResponse, IstioCAService } from '@meltemi/api/istio/v1/auth/ca_pb';
import { certificateRequest, parseSpiffeBundle } from '@meltemi/identity';
import { grpcClient, type GrpcClientTls, grpcService } from '@meltemi/rpc';

const PROGRAM = fileURLToPath(new URL('istio_ca.ts', import.meta.url));
const URI = 'spiffe://cluster.local/ns/legacy/sa/database';
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });

/** A server on a free port, with a directory of its own. */
async function serve(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'istio-ca-'));
  const ports = ['--grpc-port', '0', '--bundle-port', '0', '--monitoring-port', '0'];
  const flags = ['--ca-dir', directory, ...ports, '--grpc-address', '127.0.0.1'];
  const server = spawn(process.execPath, [PROGRAM, ...flags], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  t.after(async () => {
    await ended(server);
    await rm(directory, { recursive: true });
  });
  const [{ port, bundlePort, monitoringPort }] = (await once(server, 'message')) as [Record<string, number>];
  const root = await readFile(join(directory, 'root-cert.pem'), 'utf8');
  const run = (...words: string[]) =>
    execFileSync(process.execPath, [PROGRAM, ...words, '--ca-dir', directory], { encoding: 'utf8' });
  const sign = (
    request: MessageInitShape<typeof CsrRequestSchema>,
    proof: { token?: string; pair?: Partial<GrpcClientTls> },
  ) => handleCsr(t, port!, { roots: root, serverName: 'localhost', ...proof.pair }, request, proof.token);
  const metrics = async () => {
    const page = await (await fetch(`http://127.0.0.1:${monitoringPort}/metrics`)).text();
    const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
  };
  const bundle = async () => {
    const call = get({
      host: '127.0.0.1',
      port: bundlePort,
      servername: 'localhost',
      path: '/',
      ca: root,
      agent: false,
    });
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return text(response);
  };
  return { run, sign, root, metrics, bundle };
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  server.kill('SIGTERM');
  await once(server, 'exit');
}

function handleCsr(
  t: TestContext,
  port: number,
  tls: GrpcClientTls,
  request: MessageInitShape<typeof CsrRequestSchema>,
  token: string | undefined,
): Promise<CsrResponse> {
  const client = grpcClient(grpcService(IstioCAService), { host: '127.0.0.1', port }, tls);
  t.after(() => client.close());
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const method = client['HandleCSR'] as unknown as (
    request: object,
    metadata: Metadata,
    done: (error: ServiceError | null, response?: CsrResponse) => void,
  ) => void;
  return new Promise((resolve, reject) => {
    method.call(client, create(CsrRequestSchema, request), metadata, (error, response) =>
      error ? reject(error) : resolve(response!),
    );
  });
}

const csrPem = Buffer.from(certificateRequest({ ...keys, uri: 'spiffe://cluster.local/ns/istio-system/sa/admin' }));

test('a node agent joins by a token, and is known by its certificate afterwards', async (t) => {
  const { run, sign, root } = await serve(t);
  const token = run('token', '--service-account', 'database', '--namespace', 'legacy').trim();
  const first = await sign({ csrPem, requestedTtlMinutes: 30 }, { token });
  assert.deepEqual([first.isApproved, first.status?.code], [true, 0]);
  const certificateChain = Buffer.from(first.signedCert).toString();
  const leaf = new X509Certificate(certificateChain);
  assert.equal(leaf.subjectAltName, `URI:${URI}`, 'its identity is that of the token, not what its request asks for');
  assert.ok(leaf.verify(new X509Certificate(root).publicKey));
  assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), 32 * 60_000);
  const second = await sign({ csrPem }, { pair: { key: privateKey, certificateChain } });
  assert.equal(new X509Certificate(Buffer.from(second.signedCert)).subjectAltName, `URI:${URI}`);
});

test('without proof, or with a token that was used, nobody gets a certificate', async (t) => {
  const { run, sign } = await serve(t);
  const refused = (error: ServiceError) =>
    error.code === status.UNAUTHENTICATED && error.details === 'not authenticated';
  await assert.rejects(sign({ csrPem }, {}), refused);
  const token = run('token', '--service-account', 'database').trim();
  await sign({ csrPem }, { token });
  await assert.rejects(sign({ csrPem }, { token }), refused);
});

test('a request that cannot be signed is answered as such', async (t) => {
  const { run, sign } = await serve(t);
  const token = run('token', '--service-account', 'database').trim();
  const { isApproved, status: verdict, signedCert } = await sign({ csrPem: Buffer.from('nothing') }, { token });
  assert.deepEqual([isApproved, verdict?.code, signedCert.length], [false, 3, 0]);
});

test('metrics count what was asked, and say when certificates end', async (t) => {
  const { run, sign, metrics, root } = await serve(t);
  const token = run('token', '--service-account', 'database').trim();
  await sign({ csrPem }, { token });
  await assert.rejects(sign({ csrPem }, { token }));
  const end = new X509Certificate(root).validToDate.getTime() / 1000;
  assert.deepEqual(await metrics(), {
    citadel_server_csr_count: 2,
    citadel_server_success_cert_issuance_count: 1,
    citadel_server_authentication_failure_count: 1,
    citadel_server_csr_parsing_err_count: 0,
    citadel_server_csr_sign_err_count: 0,
    citadel_server_root_cert_expiry_timestamp: end,
    citadel_server_cert_chain_expiry_timestamp: end,
  });
});

test('the roots are served as a SPIFFE bundle over TLS', async (t) => {
  const { bundle, root } = await serve(t);
  assert.equal(parseSpiffeBundle(await bundle()).roots.trim(), root.trim());
});

test('root status lists what peers are told to trust', async (t) => {
  const { run } = await serve(t);
  assert.match(
    run('root', 'prepare'),
    /^active {4}[0-9A-F:]{95} {2}until .+\nprepared {2}[0-9A-F:]{95} {2}until .+\n$/,
  );
});

test('a wrong command line says what was meant, and ends with 1', async () => {
  const told = async (...words: string[]) =>
    new Promise<readonly [unknown, string]>((resolve) => {
      execFile(process.execPath, [PROGRAM, ...words], (error, _stdout, stderr) =>
        resolve([error?.code, stderr.split('\n')[0]!]),
      );
    });
  assert.deepEqual(await told('root', 'prepair'), [1, 'istio_ca: unknown step "prepair"; did you mean prepare?']);
  assert.deepEqual(await told('--ca-dr', '/tmp'), [1, 'istio_ca: unknown flag "--ca-dr"; did you mean --ca-dir?']);
  assert.deepEqual(await told('revoke'), [1, 'istio_ca: say what to revoke: --serial HEX or --identity SPIFFE-ID']);
});
