// Two meshes of two trust domains: each takes the other's certificates for what the other's authority may say, and rules name callers of both.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '@meltemi/base';
import { type Identity, openCertificateAuthority } from '@meltemi/identity';
import { ISTIOD_HOST, reasonAgainstSandbox, Sandbox, SANDBOX_ADDRESS } from '@meltemi/testkit';
import { answerOf } from './support/answer-of.ts';
import { type Machine, TrustDomain } from './support/trust-domain.ts';

const skip = reasonAgainstSandbox();
const envoy = process.env['MELTEMI_ENVOY'];
/** Whose proxy answers → the address by which callers know it. */
const ANSWERERS: Readonly<Record<string, string>> = { ours: '10.96.1.1', ...(envoy && { envoy: '10.96.1.2' }) };
const NAMES = Object.keys(ANSWERERS);
const hostOf = (name: string) => `${name}.south.example`;

let sandbox: Sandbox;
let north: TrustDomain;
let south: TrustDomain;
let caller: Machine;
let stranger: Machine;
const answerers = new Map<string, Machine>();

/** North has the roots of south written down; south asks north's endpoint for them. */
before(async () => {
  if (skip) return;
  sandbox = await Sandbox.start({
    [SANDBOX_ADDRESS]: [ISTIOD_HOST],
    ...Object.fromEntries(NAMES.map((name) => [ANSWERERS[name]!, [hostOf(name)]])),
  });
  const trusted = { NODE_EXTRA_CA_CERTS: join(sandbox.directory, 'north.example/ca/root-cert.pem') };
  north = await TrustDomain.make({ sandbox, name: 'north.example', firstPort: 16_000 });
  south = await TrustDomain.make({ sandbox, name: 'south.example', firstPort: 17_000, env: trusted });
  const domains = { north: 'north.example', south: 'south.example' };
  const { bundleUrl: spiffeBundleUrl } = north;
  await Promise.all([
    north.start({ caCertificates: [{ pem: south.roots, trustDomains: [domains.south] }] }),
    south.start({ caCertificates: [{ spiffeBundleUrl, trustDomains: [domains.north] }] }),
  ]);
  for (const name of NAMES) {
    const flags = name === 'envoy' ? [`--binaryPath=${envoy}`] : [];
    answerers.set(name, await south.addMachine(name, await south.joinToken(name), flags));
  }
  caller = await north.addMachine('caller', await north.joinToken('caller'));
  stranger = await north.addMachine('stranger', await north.joinToken('stranger'));
  south.apply('rules', RULES);
  for (const [name, { address }] of answerers) {
    south.apply(name, serving(name, address));
    north.apply(name, calling(name, address));
  }
  await Promise.all([...answerers.values()].map((machine) => south.ready(machine)));
  await Promise.all([caller, stranger].map((machine) => north.ready(machine)));
});

after(() => sandbox?.close());

const RULES = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: callers, namespace: demo}
spec:
  rules:
  - from: [{source: {principals: [north.example/ns/demo/sa/caller]}}]
  - from: [{source: {trustDomains: [north.example]}}]
    to: [{operation: {paths: [/open]}}]
`;

const entry = (name: string, host: string, endpoint: string, more: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: demo}
spec:
  hosts: [${host}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, targetPort: 8080, name: http, protocol: HTTP}]
  endpoints: [${endpoint}]
${more}`;

const serving = (name: string, address: string) =>
  entry(name, `${name}.demo`, `{address: ${address}, labels: {app: ${name}}, serviceAccount: ${name}}`, '');

const calling = (name: string, address: string) =>
  entry(
    name,
    hostOf(name),
    `{address: ${address}}`,
    `  addresses: ["${ANSWERERS[name]}"]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: demo}
spec:
  host: ${hostOf(name)}
  trafficPolicy: {tls: {mode: ISTIO_MUTUAL, subjectAltNames: ["spiffe://south.example/ns/demo/sa/${name}"]}}
`,
  );

for (const name of NAMES) {
  test(`a caller of the other domain is known by its name (${name})`, { skip, timeout: 60_000 }, async () => {
    const answer = await answerOf(async () => {
      const found = await north.call(caller, { url: `http://${hostOf(name)}/x` });
      return found.status === 200 && found;
    });
    const { headers } = JSON.parse(answer.body) as { readonly headers: Readonly<Record<string, string>> };
    assert.match(headers['x-forwarded-client-cert']!, new RegExp(`By=spiffe://south.example/ns/demo/sa/${name};`));
    assert.match(headers['x-forwarded-client-cert']!, /URI=spiffe:\/\/north.example\/ns\/demo\/sa\/caller$/);
  });

  test(
    `rules let in whom they name, and all of a domain where they say so (${name})`,
    { skip, timeout: 60_000 },
    async () => {
      const statusOf = async (path: string) =>
        (await north.call(stranger, { url: `http://${hostOf(name)}${path}` })).status;
      assert.equal(await statusOf('/x'), 403);
      assert.equal(await statusOf('/open'), 200);
    },
  );

  test(
    `an authority can not speak for workloads of the other domain (${name})`,
    { skip, timeout: 60_000 },
    async () => {
      const { address } = answerers.get(name)!;
      const caller = { namespace: 'demo', serviceAccount: 'caller' };
      assert.match(await visit(address, { ...caller, trustDomain: 'north.example' }), /^HTTP\/1.1 200/);
      for (const trustDomain of ['south.example', 'east.example'])
        assert.match(await visit(address, { ...caller, trustDomain }), /^refused/, trustDomain);
    },
  );
}

/** GETs a page with a certificate that north's authority signs for whatever name. */
async function visit(address: string, identity: Identity): Promise<string> {
  const { trustDomain } = identity;
  const directory = join(north.directory, 'ca');
  const authority = await openCertificateAuthority({ directory, trustDomain, clock: systemClock() });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { chain } = await authority.issue({ publicKey, identity, ttlMs: 60_000 });
  const pair = { cert: chain[0], key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  return sandbox.complete({ command: [process.execPath, '-e', VISIT, JSON.stringify({ host: address, ...pair })] });
}

const VISIT = `
const options = { ...JSON.parse(process.argv[1]), port: 8080, rejectUnauthorized: false, ALPNProtocols: ['istio', 'http/1.1'] };
const socket = require('node:tls').connect(options, () => socket.write('GET /x HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n'));
let said = '';
socket.on('data', (data) => (said += data));
socket.on('error', (error) => (said ||= 'refused: ' + error.code));
socket.on('close', () => console.log(said || 'refused'));
`;
