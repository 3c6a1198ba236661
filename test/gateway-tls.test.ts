// TLS at the ingress gateway, with curl and openssl's own client in front: all modes, several certificates by name, and one exchanged under load.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parseSocketAddress, type SocketAddress, systemClock } from '@meltemi/base';
import { type CertificateAuthority, openCertificateAuthority } from '@meltemi/identity';
import { meshApp } from './support/mesh-app.ts';
import { eventually, type MeshUnderTest, startMesh } from './support/mesh-under-test.ts';

const envoy = process.env['MELTEMI_ENVOY'];
const HOUR = 3_600_000;
const LANES = 3;
const run = promisify(execFile);

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

let mesh: MeshUnderTest;
let authority: CertificateAuthority;
/** Of the gateway's ports. */
const entrances = new Map<string, SocketAddress>();

describe('at our gateway', () => endsTls([]));
describe('at an Envoy', { skip: envoy ? false : 'MELTEMI_ENVOY names no Envoy' }, () => endsTls(['--proxy', envoy!]));

function endsTls(flags: readonly string[]): void {
  before(async () => {
    entrances.clear();
    mesh = await startMesh({ flags, workloads: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n' });
    const directory = file('authority');
    authority = await openCertificateAuthority({ directory, trustDomain: 'clients.example', clock: systemClock() });
    writeFileSync(file('roots.pem'), authority.roots);
    const own = await pairFor('own.example');
    writeFileSync(file('own.json'), JSON.stringify(own));
    for (const name of ['one', 'two']) await secret(name, await pairFor(`${name}.example`));
    await secret('both', await pairFor('both.example'), authority.roots);
    writeObjects('world', world(file('own.json')));
    await eventually(async () => assert.equal(await curl('one.example', '/ready'), 'web /ready'), 40_000);
    await eventually(async () => assert.equal(await curl('own.example', '/ready'), 'own'), 40_000);
  });
  after(() => mesh.close());

  test('each name has its certificate, over HTTP/1.1 and HTTP/2, and no other name is served', async () => {
    for (const name of ['one.example', 'two.example']) {
      assert.equal(await curl(name, '/x'), 'web /x');
      assert.equal(await curl(name, '/x', '--http2', '-o', '/dev/null', '-w', '%{http_version}'), '2');
      assert.equal((await shownTo(name)).subjectAltName, `DNS:${name}`);
    }
    await assert.rejects(curl('three.example', '/x'), { code: 35 });
  });

  test('MUTUAL lets in who shows a certificate of its authority, and nobody else', async () => {
    await assert.rejects(curl('both.example', '/x'), refused);
    const stranger = await openCertificateAuthority({
      directory: file('strangers'),
      trustDomain: 'strangers.example',
      clock: systemClock(),
    });
    const good = await clientFiles('good', authority);
    const bad = await clientFiles('bad', stranger);
    assert.equal(await curl('both.example', '/x', ...good), 'web /x');
    await assert.rejects(curl('both.example', '/x', ...bad), refused);
  });

  test('PASSTHROUGH leaves TLS to the application', async () => {
    assert.equal(await curl('own.example', '/x'), 'own');
    assert.equal((await shownTo('own.example')).subjectAltName, 'DNS:own.example');
  });

  test('AUTO_PASSTHROUGH leads mutual TLS of the mesh to the service in its name', async () => {
    const directory = join(mesh.directory, '.mesh/ca');
    const trustDomain = 'cluster.local';
    const meshAuthority = await openCertificateAuthority({ directory, trustDomain, clock: systemClock() });
    const [, cert = '', , key = ''] = await clientFiles('workload', meshAuthority);
    const name = 'outbound_.9080_._.web.default.svc.cluster.local';
    const shown = ['-cert', cert, '-key', key];
    await eventually(async () => assert.match(await meshGet(name, shown), /^HTTP\/1.1 200 [^]+web \/x$/));
    assert.doesNotMatch(await meshGet(name, []), /HTTP/, 'not without a certificate');
    for (const other of ['hidden', 'nowhere'])
      assert.doesNotMatch(await meshGet(name.replace('web', other), shown), /HTTP/, `nor to ${other}`);
  });

  test('a certificate is exchanged without a failed request', async () => {
    const before = (await shownTo('one.example')).serialNumber;
    const failures: unknown[] = [];
    let done = false;
    let count = 0;
    const lane = async () => {
      for (; !done; count++) await curl('one.example', '/load').catch((error: unknown) => failures.push(error));
    };
    const lanes = Array.from({ length: LANES }, lane);
    await secret('one', await pairFor('one.example'));
    await eventually(async () => assert.notEqual((await shownTo('one.example')).serialNumber, before), 20_000);
    const enough = count + 2 * LANES;
    await eventually(async () => assert.ok(count > enough), 20_000);
    done = true;
    await Promise.all(lanes);
    assert.deepEqual(failures, []);
  });
}

const file = (name: string) => {
  mkdirSync(join(mesh.directory, '.mesh/test'), { recursive: true });
  return join(mesh.directory, '.mesh/test', name);
};

async function pairFor(...names: readonly string[]): Promise<Pair> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { chain } = await authority.issueServer({ publicKey, names, ttlMs: HOUR });
  return { certificate: chain.slice(0, -1).join(''), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

/** Flags of curl that show a workload's certificate. */
async function clientFiles(name: string, signer: CertificateAuthority): Promise<readonly string[]> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = { trustDomain: signer.trustDomain, namespace: 'default', serviceAccount: name };
  const { chain } = await signer.issue({ publicKey, identity, ttlMs: HOUR });
  writeFileSync(file(`${name}.pem`), chain[0]!);
  writeFileSync(file(`${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return ['--cert', file(`${name}.pem`), '--key', file(`${name}.key`)];
}

function writeObjects(name: string, text: string): void {
  const path = join(mesh.directory, name);
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, `${path}.yaml`);
}

async function secret(name: string, { certificate, key }: Pair, roots = ''): Promise<void> {
  const data = { 'tls.crt': certificate, 'tls.key': key, ...(roots && { 'ca.crt': roots }) };
  const encoded = Object.entries(data).map(([field, text]) => [field, Buffer.from(text).toString('base64')]);
  const metadata = { name, namespace: 'istio-system' };
  const object = { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(encoded) as object };
  writeObjects(`secret-${name}`, JSON.stringify(object));
}

async function entrance(port: string): Promise<SocketAddress> {
  const known = entrances.get(port) ?? parseSocketAddress((await mesh.status()).ingress.ports[port] ?? '');
  if (!known) throw new Error(`the gateway has no port ${port} yet`);
  entrances.set(port, known);
  return known;
}

/** curl heard nothing, and no status either: the connection was cut, in the handshake or soon after it. */
const refused = ({ code, stdout }: { readonly code: number; readonly stdout: string }) => code !== 22 && stdout === '';

/** What curl prints; rejects with its exit code. */
async function curl(host: string, path: string, ...words: readonly string[]): Promise<string> {
  const at = await entrance('8443');
  const to = ['--connect-to', `${host}:443:${at.host}:${at.port}`, '--cacert', file('roots.pem')];
  const { stdout } = await run('curl', [
    '-sS',
    '--fail',
    '--max-time',
    '10',
    ...to,
    ...words,
    `https://${host}${path}`,
  ]);
  return stdout;
}

/** What openssl's client hears that speaks as a sidecar does. */
async function meshGet(name: string, words: readonly string[]): Promise<string> {
  const { host, port } = await entrance('15443');
  const at = ['-connect', `${host}:${port}`, '-servername', name, '-alpn', 'istio', '-quiet', '-ign_eof'];
  const answer = run('openssl', ['s_client', ...at, ...words], { timeout: 10_000 });
  answer.child.stdin?.end('GET /x HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n');
  return answer.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout?: string }) => error.stdout ?? '',
  );
}

/** The certificate that openssl's client is shown. */
async function shownTo(name: string): Promise<X509Certificate> {
  const { host, port } = await entrance('8443');
  const words = ['s_client', '-connect', `${host}:${port}`, '-servername', name, '-showcerts'];
  const answer = run('openssl', words);
  answer.child.stdin?.end();
  return new X509Certificate(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec((await answer).stdout)![0],
  );
}

const WEB = `require('node:http').createServer((q, r) => r.end('web ' + q.url)).listen(process.env.PORT)`;
const OWN = `const p = JSON.parse(require('node:fs').readFileSync(process.argv[1]));
require('node:https').createServer({ cert: p.certificate, key: p.key }, (q, r) => r.end('own')).listen(process.env.PORT)`;

const world = (pair: string) => `
apiVersion: v1
kind: Service
metadata: {name: hidden, annotations: {networking.istio.io/exportTo: .}}
spec: {selector: {app: web}, ports: [{name: http, port: 9080}]}
---
${meshApp({ name: 'web', command: ['node', '-e', WEB], port: 9080 })}
---
${meshApp({ name: 'own', command: ['node', '-e', OWN, pair], port: 9443, portName: 'tls' })}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 8443, name: https-one, protocol: HTTPS}, hosts: [one.example], tls: {mode: SIMPLE, credentialName: one}}
  - {port: {number: 8443, name: https-two, protocol: HTTPS}, hosts: [two.example], tls: {mode: SIMPLE, credentialName: two}}
  - {port: {number: 8443, name: https-both, protocol: HTTPS}, hosts: [both.example], tls: {mode: MUTUAL, credentialName: both}}
  - {port: {number: 8443, name: tls-own, protocol: TLS}, hosts: [own.example], tls: {mode: PASSTHROUGH}}
  - {port: {number: 15443, name: tls-auto, protocol: TLS}, hosts: ["*.local"], tls: {mode: AUTO_PASSTHROUGH}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [one.example, two.example, both.example]
  gateways: [edge]
  http: [{route: [{destination: {host: web, port: {number: 9080}}}]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: own}
spec:
  hosts: [own.example]
  gateways: [edge]
  tls:
  - match: [{sniHosts: [own.example]}]
    route: [{destination: {host: own, port: {number: 9443}}}]
`;
