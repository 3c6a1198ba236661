// Machines of other networks join by one-time tokens: each gets its certificate, serves and calls in mutual TLS; a token opens once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ISTIOD_HOST, reasonAgainstSandbox, Sandbox, SANDBOX_ADDRESS } from '@meltemi/testkit';
import { answerOf } from './support/answer-of.ts';
import { type Machine, TrustDomain } from './support/trust-domain.ts';

const skip = reasonAgainstSandbox();
const HOSTS: Readonly<Record<string, string>> = { 'one.demo': '10.96.1.1', 'two.demo': '10.96.1.2' };

let sandbox: Sandbox;
let mesh: TrustDomain;
let one: Machine;
let two: Machine;
let used: string;

before(async () => {
  if (skip) return;
  const hosts = Object.fromEntries(Object.entries(HOSTS).map(([host, address]) => [address, [host]]));
  sandbox = await Sandbox.start({ [SANDBOX_ADDRESS]: [ISTIOD_HOST], ...hosts });
  mesh = await TrustDomain.make({ sandbox, name: 'cluster.local', firstPort: 16_000 });
  await mesh.start({});
  used = await mesh.joinToken('one');
  const other = await mesh.joinToken('two');
  [one, two] = await Promise.all([mesh.addMachine('one', used), mesh.addMachine('two', other)]);
  mesh.apply('rules', [...[one, two].map(served), STRICT].join('---'));
  await Promise.all([mesh.ready(one), mesh.ready(two)]);
});

after(() => sandbox?.close());

const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
`;

const served = ({ name, address }: Machine) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: demo}
spec:
  hosts: [${name}.demo]
  addresses: [${HOSTS[`${name}.demo`]}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, targetPort: 8080, name: http, protocol: HTTP}]
  endpoints: [{address: ${address}, labels: {app: ${name}, security.istio.io/tlsMode: istio}, serviceAccount: ${name}}]
`;

test('each serves and calls in mutual TLS', { skip, timeout: 60_000 }, async () => {
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    const answer = await answerOf(async () => {
      const found = await mesh.call(from, { url: `http://${to.name}.demo/x` });
      return found.status === 200 && found;
    });
    const { headers } = JSON.parse(answer.body) as { readonly headers: Readonly<Record<string, string>> };
    const shown = new RegExp(`URI=spiffe://cluster.local/ns/demo/sa/${from.name}$`);
    assert.match(headers['x-forwarded-client-cert']!, shown);
    await assert.rejects(sandbox.fetch(`http://${to.address}:8080/`), 'plaintext is refused');
  }
});

test('a token that was used, and one that is made up, open nothing', { skip, timeout: 60_000 }, async () => {
  for (const [folder, token] of [
    ['thief', used],
    ['stranger', `${used.slice(0, -4)}AAAA`],
  ] as const) {
    const address = await sandbox.addPod(folder);
    const { log } = await mesh.startAgent({ machine: folder, folder, address, token });
    await answerOf(async () => /no certificate.+not authenticated/.test(readFileSync(log, 'utf8')));
    const { status } = await sandbox.fetch(`http://${address}:15020/healthz/ready`);
    assert.equal(status, 503);
  }
  assert.match(mesh.controlPlaneLog, /refused a caller/);
});
