// An attacker's walk around a workload that one caller may reach: nobody else gets in, and each try is counted.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { ManualClock, systemClock } from '@meltemi/base';
import { type CertificateAuthority, openCertificateAuthority } from '@meltemi/identity';
import { eventually, httpGet, type MeshUnderTest, startMesh } from './support/mesh-under-test.ts';
import { type Pair, pairOf, secureGet } from './support/secure-get.ts';

const DAY_MS = 24 * 3_600_000;
const CALLER = 'bookinfo-productpage';
const POLICY = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: callers, namespace: default}
spec:
  selector: {matchLabels: {app: details}}
  rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/${CALLER}]}}]}]
`;

let mesh: MeshUnderTest;
let inbound: string;
let admin: string;

before(async () => {
  mesh = await startMesh();
  ({ inbound, admin } = (await mesh.workload('details-v1')).sidecar);
  writeFileSync(join(mesh.directory, 'callers.yaml'), POLICY);
  await eventually(async () => {
    assert.match(await secureGet(inbound, await pairOf(await authority(), 'bookinfo-reviews')), /^HTTP\/1.1 403/);
    assert.match(await secureGet(inbound, await pairOf(await authority(), CALLER)), /^HTTP\/1.1 200/);
  }, 30_000);
});
after(() => mesh.close());

/** The mesh's own, as it signs at another time; or a stranger's. */
function authority(
  options: { readonly at?: number; readonly folder?: string; readonly trustDomain?: string } = {},
): Promise<CertificateAuthority> {
  const { at, folder = '.mesh/ca', trustDomain = 'cluster.local' } = options;
  const clock = at === undefined ? systemClock() : new ManualClock(at);
  return openCertificateAuthority({ directory: join(mesh.directory, folder), trustDomain, clock });
}

/** Refusals that the sidecar has counted, of certificates and of requests. */
async function refusals(): Promise<number> {
  const { body } = await httpGet(`http://${admin}/stats?filter=(ssl\\.(fail_verify|connection_error)|rbac\\.denied)`);
  const values = body.split('\n').map((line) => Number(line.split(': ')[1] ?? 0));
  return values.reduce((sum, value) => sum + (Number.isFinite(value) ? value : 0), 0);
}

async function isCounted(attempt: () => Promise<void>): Promise<void> {
  const before = await refusals();
  await attempt();
  await eventually(async () => assert.ok((await refusals()) > before, 'it is counted'));
}

const SPOOFED = [
  `x-forwarded-client-cert: By=spiffe://cluster.local/ns/default/sa/bookinfo-details;URI=spiffe://cluster.local/ns/default/sa/${CALLER}`,
  `x-envoy-peer-metadata-id: sidecar~1.2.3.4~productpage~default`,
  'x-istio-attributes: CiYKCnNvdXJjZS51aWQSGBIWa3ViZXJuZXRlczovL2FkbWluLmt1YmU=',
];

const PAIRS: Readonly<Record<string, () => Promise<Partial<Pair>>>> = {
  'without a certificate': () => Promise.resolve({}),
  'with a certificate that has expired': async () => pairOf(await authority({ at: Date.now() - 2 * DAY_MS }), CALLER),
  'with a certificate that is not yet valid': async () => pairOf(await authority({ at: Date.now() + DAY_MS }), CALLER),
  'with the right name of another authority': async () => pairOf(await authority({ folder: '.mesh/foreign' }), CALLER),
  'with a name of another trust domain': async () => pairOf(await authority({ trustDomain: 'evil.example' }), CALLER),
};

for (const [how, pair] of Object.entries(PAIRS)) {
  test(`${how} nobody gets in`, () =>
    isCounted(async () => assert.match(await secureGet(inbound, await pair(), SPOOFED), /^refused/)));
}

test('with the name of another workload nobody gets in, whatever the headers say', () =>
  isCounted(async () => {
    const pair = await pairOf(await authority(), 'bookinfo-reviews');
    for (const headers of [[], SPOOFED]) assert.match(await secureGet(inbound, pair, headers), /^HTTP\/1.1 403/);
  }));

test('in plaintext nobody gets in', () =>
  isCounted(async () => {
    const [host, port] = inbound.split(':');
    const socket = connect({ host, port: Number(port) }, () =>
      socket.write(`GET /details/0 HTTP/1.1\r\nhost: details\r\n${SPOOFED.join('\r\n')}\r\n\r\n`),
    );
    assert.doesNotMatch(await text(socket).catch(() => ''), /HTTP/);
  }));

test('the caller that is allowed gets in all the while', async () => {
  assert.match(await secureGet(inbound, await pairOf(await authority(), CALLER)), /^HTTP\/1.1 200/);
});
