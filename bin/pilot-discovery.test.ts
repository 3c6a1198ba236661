// The program as a process: it serves when it says so, knows its callers, follows its files, and ends when it is told.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { TYPE_URL } from '@meltemi/api';
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { grpcClient, grpcService } from '@meltemi/rpc';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

interface Ready {
  readonly ready: true;
  readonly grpc: number;
  readonly secureGrpc: number;
  readonly http: number;
  readonly metrics: number;
}

type Stream = ClientDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

const ISSUER = 'test';
let directory: string;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meltemi-pilot-'));
  for (const name of ['config', 'pods', 'ca']) await mkdir(join(directory, name));
  keys = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256' };
  await writeFile(join(directory, 'jwks'), JSON.stringify({ keys: [jwk] }));
  await writeFile(join(directory, 'config', 'services.yaml'), service('reviews'));
});

/** Whatever a test that failed half-way left running. */
const started: ChildProcess[] = [];

after(async () => {
  for (const child of started) child.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

function service(name: string): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {selector: {app: ${name}}, ports: [{name: http, port: 9080}]}\n`;
}

async function start(): Promise<{ readonly child: ChildProcess; readonly ports: Ready }> {
  const at = (name: string) => join(directory, name);
  const any = '127.0.0.1:0';
  const argv = ['discovery', '--configDir', at('config'), '--podsDir', at('pods'), '--caDir', at('ca')];
  const tokens = ['--tokenJwks', at('jwks'), '--tokenIssuer', ISSUER];
  const addresses = ['--grpcAddr', any, '--secureGRPCAddr', any, '--httpAddr', any, '--monitoringAddr', any];
  const program = fileURLToPath(import.meta.resolve('./pilot-discovery.ts'));
  const child = fork(program, [...argv, ...tokens, ...addresses], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  started.push(child);
  const [ports] = (await once(child, 'message', { signal: AbortSignal.timeout(20_000) })) as [Ready];
  return { child, ports };
}

function token(account: string): Promise<string> {
  return new SignJWT({
    'kubernetes.io': { namespace: 'default', pod: { name: 'p' }, serviceaccount: { name: account } },
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(ISSUER)
    .setAudience('istio-ca')
    .setSubject(`system:serviceaccount:default:${account}`)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(keys.privateKey);
}

/** Asks for all clusters over TLS as the proxy of a pod of the service account. */
async function clusters(port: number, account: string, bearer: string | undefined) {
  const roots = await readFile(join(directory, 'ca', 'root-cert.pem'), 'utf8');
  const tls = { roots, serverName: 'istiod.istio-system.svc' };
  const client = grpcClient(grpcService(AggregatedDiscoveryService), { host: '127.0.0.1', port }, tls);
  const metadata = new Metadata();
  if (bearer) metadata.set('authorization', `Bearer ${bearer}`);
  const open = client['deltaAggregatedResources'] as unknown as (metadata: Metadata) => Stream;
  const stream = open.call(client, metadata);
  const node = {
    id: 'sidecar~127.0.0.1~p.default~default.svc.cluster.local',
    metadata: { SERVICE_ACCOUNT: account, INTERCEPTION_MODE: 'NONE' },
  };
  stream.write(create(DeltaDiscoveryRequestSchema, { typeUrl: TYPE_URL.CDS, node }));
  return { stream, close: () => client.close() };
}

async function names(stream: Stream): Promise<string[]> {
  const [response] = (await once(stream, 'data', { signal: AbortSignal.timeout(5000) })) as [DeltaDiscoveryResponse];
  const { nonce: responseNonce, typeUrl, resources } = response;
  stream.write(create(DeltaDiscoveryRequestSchema, { typeUrl, responseNonce }));
  return resources.map(({ name }) => name).sort();
}

test('serves, follows its files, and drains at SIGTERM', async () => {
  const { child, ports } = await start();
  assert.equal((await fetch(`http://127.0.0.1:${ports.http}/ready`)).status, 200);
  assert.match(await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text(), /^pilot_services 1$/m);
  const { stream, close } = await clusters(ports.secureGrpc, 'reviews', await token('reviews'));
  assert.deepEqual(await names(stream), ['BlackHoleCluster', 'outbound|9080||reviews.default.svc.cluster.local']);
  await writeFile(join(directory, 'config', 'more.yaml'), service('ratings'));
  assert.deepEqual(await names(stream), ['outbound|9080||ratings.default.svc.cluster.local']);
  const ended = once(stream, 'status');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await ended;
  close();
});

test('serves the REST discovery of 0.x beside readiness', async () => {
  const { child, ports } = await start();
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${ports.http}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const list = await get('/v1/registration/');
  assert.match(list.text, /"service-key": "reviews\.default\.svc\.cluster\.local\|http"/);
  assert.deepEqual(await get('/v1/registration'), list);
  assert.deepEqual(await get('/v1/clusters/'), { status: 404, text: '404: Page Not Found' });
  assert.equal((await get('/ready')).status, 200);
  child.kill('SIGTERM');
  await once(child, 'exit');
});

test('refuses who shows no token, and who says to be another', async () => {
  const { child, ports } = await start();
  const refused = async (account: string, bearer: string | undefined) => {
    const { stream, close } = await clusters(ports.secureGrpc, account, bearer);
    const [error] = (await once(stream, 'error')) as [ServiceError];
    close();
    return error.code;
  };
  assert.equal(await refused('reviews', undefined), status.UNAUTHENTICATED);
  assert.equal(await refused('reviews', 'x.y.z'), status.UNAUTHENTICATED);
  assert.equal(await refused('reviews', await token('ratings')), status.PERMISSION_DENIED);
  child.kill('SIGTERM');
  await once(child, 'exit');
});

test('keeps its root over a restart, and ends with its parent', async () => {
  const root = await readFile(join(directory, 'ca', 'root-cert.pem'), 'utf8');
  const { child } = await start();
  assert.equal(await readFile(join(directory, 'ca', 'root-cert.pem'), 'utf8'), root);
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('says what is wrong with its command line', async () => {
  const program = fileURLToPath(import.meta.resolve('./pilot-discovery.ts'));
  const child = fork(program, ['discovery', '--configDri', 'x'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const chunks: string[] = [];
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 1);
  assert.match(chunks.join(''), /unknown flag --configDri; did you mean --configDir\?/);
});
