// istio_ca on a real cluster: each ServiceAccount has its key and certificate in a Secret, as pods of Istio 0.1 to 1.0 mount them at /etc/certs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KubeError } from '@meltemi/config';
import { namespace, serviceAccount } from '@meltemi/testkit';
import { answerOf } from './support/answer-of.ts';
import { createObject } from './support/create-object.ts';
import { type KubeWorld, reasonAgainstKubernetes, startKubeWorld } from './support/kube-world.ts';
import { root } from './support/mesh-under-test.ts';

const skip = reasonAgainstKubernetes();
const PROGRAM = [process.execPath, join(root, 'bin/istio_ca.ts')] as const;
const PORTS = ['8060', '8061'];
const FILES = ['cert-chain.pem', 'key.pem', 'root-cert.pem'] as const;

type Files = Readonly<Record<(typeof FILES)[number], string>>;

let world: KubeWorld;

before(async () => {
  if (skip) return;
  world = await startKubeWorld();
  const { client } = world;
  await createObject(client, namespace('istio-system'));
  const accounts = [
    ['default', 'default'],
    ['default', 'bookinfo'],
    ['istio-system', 'istio-pilot-service-account'],
    ['kube-system', 'node-controller'],
  ];
  await Promise.all(accounts.map(([place, name]) => createObject(client, serviceAccount(place!, name!))));
  for (const port of PORTS) startAuthority(port);
});

after(() => world?.close());

/** Two of them, which share the directory: one writes. */
function startAuthority(port: string): void {
  const { sandbox, kubernetes } = world;
  const flags = ['--ca-dir', join(sandbox.directory, 'ca'), '--kube-config', kubernetes.kubeconfig];
  const log = join(sandbox.directory, `istio_ca-${port}.log`);
  sandbox.run({ command: [...PROGRAM, ...flags, '--grpc-port', port, '--workload-cert-ttl', '20s'], log });
}

const pathOf = (place: string, name: string) => `/api/v1/namespaces/${place}/secrets/istio.${name}`;

/** Undefined while there is none. */
async function secretOf(place: string, name: string): Promise<(Files & { readonly version: string }) | undefined> {
  try {
    const answer = (await world.client.request({ method: 'GET', path: pathOf(place, name) })) as {
      readonly metadata: { readonly resourceVersion: string; readonly annotations: Readonly<Record<string, string>> };
      readonly type: string;
      readonly data: Readonly<Record<string, string>>;
    };
    assert.equal(answer.type, 'istio.io/key-and-cert');
    assert.deepEqual(answer.metadata.annotations, { 'istio.io/service-account.name': name });
    assert.deepEqual(Object.keys(answer.data).toSorted(), FILES);
    const texts = FILES.map((file) => [file, Buffer.from(answer.data[file]!, 'base64').toString()]);
    return { ...(Object.fromEntries(texts) as Files), version: answer.metadata.resourceVersion };
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

const serialOf = (files: Files) => new X509Certificate(files['cert-chain.pem']).serialNumber;

/** As openssl judges them, for both sides of mutual TLS. */
async function verified(files: Files): Promise<X509Certificate> {
  const paths = FILES.map((name) => join(world.sandbox.directory, name));
  await Promise.all(FILES.map((name, index) => writeFile(paths[index]!, files[name])));
  for (const purpose of ['sslserver', 'sslclient']) {
    const words = ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', paths[2]!, paths[0]!];
    assert.match(execFileSync('openssl', words, { encoding: 'utf8' }), /: OK\n$/);
  }
  return new X509Certificate(files['cert-chain.pem']);
}

test('each account gets its own identity in a secret', { skip, timeout: 60_000 }, async () => {
  const files = await answerOf(() => secretOf('default', 'bookinfo'));
  const leaf = await verified(files);
  assert.equal(leaf.subjectAltName, 'URI:spiffe://cluster.local/ns/default/sa/bookinfo');
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  const first = await answerOf(() => secretOf('default', 'default'));
  assert.notEqual(first['key.pem'], files['key.pem']);
  const pilot = await answerOf(() => secretOf('istio-system', 'istio-pilot-service-account'));
  assert.equal(
    new X509Certificate(pilot['cert-chain.pem']).subjectAltName,
    'URI:spiffe://cluster.local/ns/istio-system/sa/istio-pilot-service-account, DNS:istio-pilot.istio-system, DNS:istio-pilot.istio-system.svc',
  );
  assert.equal(await secretOf('kube-system', 'node-controller'), undefined);
});

test('it is renewed long before its end, by one of two authorities', { skip, timeout: 60_000 }, async () => {
  const before = await answerOf(() => secretOf('default', 'bookinfo'));
  const end = new X509Certificate(before['cert-chain.pem']).validToDate.getTime();
  const renewed = await answerOf(async () => {
    const now = await secretOf('default', 'bookinfo');
    return now && serialOf(now) !== serialOf(before) && now;
  });
  assert.ok(Date.now() < end, 'in time');
  await verified(renewed);
  const logs = PORTS.map((port) => readFileSync(join(world.sandbox.directory, `istio_ca-${port}.log`), 'utf8'));
  assert.equal(logs.filter((log) => log.includes('to its secret')).length, 1);
});

test(
  'it comes back when somebody changes or deletes it, and goes with its account',
  { skip, timeout: 60_000 },
  async () => {
    const { client } = world;
    const path = pathOf('default', 'bookinfo');
    await client.request({ method: 'PATCH', path, body: { data: { 'key.pem': 'eA==' } } });
    await verified(
      await answerOf(async () => {
        const files = await secretOf('default', 'bookinfo');
        return files && files['key.pem'] !== 'x' && files;
      }),
    );
    await client.request({ method: 'DELETE', path });
    await verified(await answerOf(() => secretOf('default', 'bookinfo')));
    await client.request({ method: 'DELETE', path: '/api/v1/namespaces/default/serviceaccounts/bookinfo' });
    await answerOf(async () => (await secretOf('default', 'bookinfo')) === undefined);
  },
);

test(
  'another root is in the secrets before it signs, and a tainted one signs none',
  { skip, timeout: 60_000 },
  async () => {
    const step = (word: string) =>
      execFileSync(PROGRAM[0], [PROGRAM[1], 'root', word, '--ca-dir', join(world.sandbox.directory, 'ca')]);
    const roots = (files: Files) => files['root-cert.pem'].match(/BEGIN CERTIFICATE/g)?.length;
    const holding = (count: number, besides = '') =>
      answerOf(async () => {
        const files = await secretOf('default', 'default');
        return files && roots(files) === count && serialOf(files) !== besides && files;
      });
    const issuer = (files: Files) => new X509Certificate(files['cert-chain.pem']);
    const [old] = (await holding(1))['root-cert.pem'].split(/(?<=-----END CERTIFICATE-----\n)/);
    step('prepare');
    const prepared = await holding(2);
    assert.ok(issuer(prepared).verify(new X509Certificate(old!).publicKey));
    step('activate');
    step('taint');
    await answerOf(async () => {
      const files = await secretOf('default', 'default');
      return files && !issuer(files).verify(new X509Certificate(old!).publicKey);
    });
    step('revoke');
    await verified(await holding(1));
  },
);
