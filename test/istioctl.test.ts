// The real istioctl on our control plane: in plaintext, by a token of the API server, and by certificates.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@meltemi/base';
import { openCertificateAuthority } from '@meltemi/identity';
import { KubeClient, namespace, type ProgramEnd, SANDBOX_ADDRESS, serviceAccount } from '@meltemi/testkit';
import { IstioWorld, reasonAgainstIstio } from './support/istio-world.ts';
import { eventually } from './support/mesh-under-test.ts';

const istioctl = process.env['MELTEMI_REAL_ISTIOCTL'];
const skip = istioctl ? reasonAgainstIstio() : 'no MELTEMI_REAL_ISTIOCTL';
const PLAINTEXT = ['--xds-address', '127.0.0.1:15010', '--plaintext'];
const SECURE = ['--xds-address', `${SANDBOX_ADDRESS}:15012`];
const TYPES = ['CDS', 'EDS', 'LDS', 'RDS'];

let world: IstioWorld;
before(async () => {
  if (skip) return;
  world = await IstioWorld.start({
    controlPlane: 'meltemi',
    applications: { a: { proxy: 'envoy', agent: 'istio' }, b: { proxy: 'meltemi', agent: 'meltemi' } },
  });
  const kubernetes = new KubeClient(world.sandbox, 'https://127.0.0.1:6443', 'admin-token');
  for (const name of ['istio-system', 'demo']) await kubernetes.create(serviceAccount(name, 'default'));
  await kubernetes.create(namespace('elsewhere'));
});
after(async () => {
  if (!skip) await world.close();
});

function run(words: readonly string[], pod?: string): Promise<ProgramEnd> {
  const kubeconfig = join(world.sandbox.directory, 'kubernetes/kubeconfig');
  const command = [istioctl!, '--kubeconfig', kubeconfig, ...words, '--timeout', '10s'] as const;
  return world.sandbox
    .run({ command: [...command], ...(pod && { pod }), env: { HOME: world.sandbox.directory } })
    .ended();
}

async function ok(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(words);
  assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** The rows of a table, by what stands first in them. */
function rows(table: string): ReadonlyMap<string, readonly string[]> {
  const lines = table.trim().split('\n');
  return new Map(lines.map((line) => line.split(/ {2,}/)).map(([first, ...rest]) => [first!, rest]));
}

test('it says the versions of control plane and proxies', { skip }, async () => {
  const text = await ok('x', 'version', ...PLAINTEXT);
  assert.match(text, /^control plane version: 0\.1\.0$/m);
  assert.match(text, /^data plane version: .*\(1 proxies\)/m);
});

test('proxy-status shows every proxy and the state of every type', { skip }, async () => {
  await eventually(async () => {
    const table = rows(await ok('proxy-status', '--verbosity', '1', ...PLAINTEXT));
    assert.deepEqual([...table.keys()], ['NAME', 'a.demo', 'b.demo']);
    const head = table.get('NAME')!;
    for (const name of ['a.demo', 'b.demo']) {
      const cells = table.get(name)!;
      for (const type of TYPES) assert.match(cells[head.indexOf(type)]!, /^SYNCED \(/, `${name} ${type}`);
      assert.equal(cells[head.indexOf('CLUSTER')], 'Kubernetes');
    }
  });
  assert.match(
    await ok('proxy-status', ...PLAINTEXT),
    /^a\.demo +Kubernetes +pilot-discovery +.* 4 \(CDS,LDS,EDS,RDS\)/m,
  );
  const json = await ok('proxy-status', '-o', 'json', '-n', 'demo', ...PLAINTEXT);
  assert.equal((JSON.parse(json) as { resources: object[] }).resources.length, 2);
});

test('proxy-status of a pod finds an Envoy and one of ours as they are meant to be', { skip }, async () => {
  for (const name of ['a', 'b']) {
    const file = join(world.sandbox.directory, `${name}.json`);
    await eventually(async () => {
      writeFileSync(file, await world.admin(name, '/config_dump'));
      const text = await ok('proxy-status', `${name}.demo`, '--file', file, ...PLAINTEXT);
      assert.match(text, /^Clusters Match\nListeners Match\nRoutes Match/, text);
    });
  }
});

test('internal-debug lists the pages, shows them, and says what is wrong with a question', { skip }, async () => {
  const names = JSON.parse(await ok('x', 'internal-debug', '--list', ...PLAINTEXT)) as string[];
  assert.ok(
    ['adsz', 'config_dump', 'configz', 'endpointShardz', 'mesh', 'registryz', 'syncz'].every((name) =>
      names.includes(name),
    ),
  );
  const clients = JSON.parse(await ok('x', 'internal-debug', 'adsz', ...PLAINTEXT)) as {
    totalClients: number;
    clients: { connectionId: string }[];
  };
  assert.equal(clients.totalClients, 2);
  const [first] = clients.clients;
  assert.match(first!.connectionId, /^a\.demo-\d+$/);
  const dump = await ok('x', 'internal-debug', 'edsz?proxyID=a.demo', ...PLAINTEXT);
  assert.match(dump, /"clusterName": "outbound\|80\|\|b\.demo\.svc\.cluster\.local"/);
  assert.match((await run(['x', 'internal-debug', 'config_dump', ...PLAINTEXT])).stderr, /You must provide a proxyID/);
  assert.match(
    await ok('x', 'internal-debug', 'nothing', ...PLAINTEXT),
    /supported internal debug commands[^]*"syncz"/,
  );
});

test('a token of the root namespace sees everything over TLS', { skip }, async () => {
  const table = rows(await ok('proxy-status', ...SECURE));
  assert.deepEqual([...table.keys()], ['NAME', 'a.demo', 'b.demo']);
  assert.equal((JSON.parse(await ok('x', 'internal-debug', 'syncz', ...SECURE)) as object[]).length, 2);
});

test('certificates do as well, and show as much as their namespace may see', { skip }, async () => {
  const operator = ['--cert-dir', await certificates('istio-system'), '--authority', 'istiod.istio-system.svc'];
  assert.deepEqual([...rows(await ok('proxy-status', ...SECURE, ...operator)).keys()], ['NAME', 'a.demo', 'b.demo']);
  for (const [from, seen] of [
    ['demo', ['NAME', 'a.demo', 'b.demo']],
    ['elsewhere', ['NAME']],
  ] as const) {
    const flags = [...SECURE, '--cert-dir', await certificates(from), '--authority', 'istiod.istio-system.svc'];
    assert.deepEqual([...rows(await ok('proxy-status', ...flags)).keys()], seen);
    const { code, stderr } = await run(['x', 'internal-debug', 'configz', ...flags]);
    assert.notEqual(code, 0);
    assert.match(stderr, /not for this identity/);
    const dump = await ok('x', 'internal-debug', 'config_dump?proxyID=a.demo', ...flags);
    assert.match(dump, from === 'demo' ? /ClustersConfigDump/ : /^Proxy not connected/);
  }
});

test('from another machine, plaintext shows nothing', { skip }, async () => {
  const { code, stderr } = await run(
    ['proxy-status', '-r', 'default', '--xds-address', `${SANDBOX_ADDRESS}:15010`, '--plaintext'],
    'a',
  );
  assert.notEqual(code, 0);
  assert.match(stderr, /authentication required|Unauthenticated|connect/);
});

/** A folder with a certificate of the mesh's own authority, as agents write them. */
async function certificates(from: string): Promise<string> {
  const directory = join(world.sandbox.directory, 'pilot-discovery/ca');
  const authority = await openCertificateAuthority({ directory, trustDomain: 'cluster.local', clock: systemClock() });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = { trustDomain: 'cluster.local', namespace: from, serviceAccount: 'default' };
  const { chain } = await authority.issue({ publicKey, identity, ttlMs: 600_000 });
  const folder = join(world.sandbox.directory, `certificates-${from}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'cert-chain.pem'), chain.slice(0, -1).join(''));
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'root-cert.pem'), authority.roots);
  return folder;
}
