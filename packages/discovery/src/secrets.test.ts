// Gateways get the secrets that their servers name, of their namespace, when they have shown to be of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { unpackAny } from '@meltemi/api';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { SnapshotResources } from './compile.ts';
import { resourcesJson } from './debug/config-dump.ts';
import { FragmentCache } from './fragment-cache.ts';
import { TEST_PAIRS } from './secrets.test-support.ts';
import { redirectedNode, rule, snapshotOf } from './test-world.ts';

function secret(name: string, data: Readonly<Record<string, string>>, namespace = 'istio-system'): string {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return `apiVersion: v1
kind: Secret
metadata: {name: ${name}, namespace: ${namespace}}
type: kubernetes.io/tls
data: ${JSON.stringify(Object.fromEntries(encoded))}`;
}

function gateway(credentialName: string, mode = 'SIMPLE'): string {
  const server = {
    port: { number: 443, name: 'https', protocol: 'HTTPS' },
    hosts: ['*'],
    tls: { mode, credentialName },
  };
  return rule('Gateway', 'edge', { selector: { istio: 'ingressgateway' }, servers: [server] }, 'istio-system');
}

const NODE = redirectedNode('gateway-1', 'istio-system', 'router');
const { certificate, privateKey } = TEST_PAIRS.one;
const GOOD = secret('site', { 'tls.crt': certificate, 'tls.key': privateKey });

async function made(proven: boolean, ...yaml: readonly string[]) {
  const all = new SnapshotResources(await snapshotOf(...yaml), new FragmentCache());
  const { SDS } = all.resourcesOf(NODE, proven);
  return { names: [...SDS.keys()], SDS, problems: all.problems.map(({ code, message }) => `${code} ${message}`) };
}

test('a server gets its key pair, and in MUTUAL mode the roots of its clients', async () => {
  const { names, SDS } = await made(true, GOOD, gateway('site'));
  assert.deepEqual(names, ['kubernetes://site']);
  const shown = unpackAny(fromBinary(AnySchema, SDS.get('kubernetes://site')!.any), SecretSchema)!;
  assert.ok(shown.type.case === 'tlsCertificate');
  assert.equal(Buffer.from(shown.type.value.privateKey!.specifier.value as Uint8Array).toString(), privateKey);
  const roots = secret('site-cacert', { cacert: certificate });
  assert.deepEqual((await made(true, GOOD, roots, gateway('site', 'MUTUAL'))).names, [
    'kubernetes://site',
    'kubernetes://site-cacert',
  ]);
  const together = secret('site', { 'tls.crt': certificate, 'tls.key': privateKey, 'ca.crt': certificate });
  assert.equal((await made(true, together, gateway('site', 'MUTUAL'))).names.length, 2);
});

test('who has proved nothing gets none, nor what it does not name, nor what is of another namespace', async () => {
  assert.deepEqual((await made(false, GOOD, gateway('site'))).names, []);
  assert.deepEqual((await made(true, GOOD)).names, []);
  const elsewhere = secret('site', { 'tls.crt': certificate, 'tls.key': privateKey }, 'default');
  const { names, problems } = await made(true, elsewhere, gateway('site'));
  assert.deepEqual(names, []);
  assert.match(
    problems.join(),
    /MEL0306 Secret istio-system\/site is not there: port 443 of Gateway istio-system\/edge/,
  );
});

test('what is no key pair is not served, and said without a word of it', async () => {
  const cases = [
    [{ 'tls.crt': certificate, 'tls.key': TEST_PAIRS.other.privateKey }, 'has a tls.key that is not of its tls.crt'],
    [{ 'tls.crt': certificate }, 'has no tls.crt and tls.key'],
    [{ 'tls.crt': 'no', 'tls.key': privateKey }, 'has no certificate in its tls.crt'],
    [{ 'tls.crt': certificate, 'tls.key': 'my secret' }, 'has no private key in its tls.key'],
  ] as const;
  for (const [data, words] of cases) {
    const { names, problems } = await made(true, secret('site', data), gateway('site'));
    assert.deepEqual(names, []);
    assert.ok(problems[0]?.includes(words), problems.join());
    assert.ok(!problems.join().includes('my secret'));
  }
});

test('a dump shows certificates, and no key', async () => {
  const { SDS } = await made(true, GOOD, gateway('site'));
  const text = JSON.stringify(resourcesJson(SDS));
  assert.ok(text.includes(Buffer.from(certificate).toString('base64')));
  assert.ok(!text.includes(Buffer.from(privateKey).toString('base64')));
});
