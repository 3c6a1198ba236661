// Our control plane in istiod's place: real pilot-agents and Envoys, and ours, in every combination, carry the same traffic.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IstioWorld, reasonAgainstIstio, type Sidecar } from './support/istio-world.ts';
import { eventually } from './support/mesh-under-test.ts';

const skip = reasonAgainstIstio();
const SIDECARS: Readonly<Record<string, Sidecar>> = {
  ours: { proxy: 'meltemi', agent: 'meltemi' },
  'ours-by-istio': { proxy: 'meltemi', agent: 'istio' },
  'envoy-by-ours': { proxy: 'envoy', agent: 'meltemi' },
  envoy: { proxy: 'envoy', agent: 'istio' },
};
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
`;
const NAMES = Object.keys(SIDECARS);

let world: IstioWorld;
before(async () => {
  if (skip) return;
  world = await IstioWorld.start({
    controlPlane: 'meltemi',
    applications: SIDECARS,
    configuration: { strict: STRICT },
  });
});
after(async () => {
  if (!skip) await world.close();
});

test('requests and bytes go from each to each, in mutual TLS', { skip }, async () => {
  for (const from of NAMES) {
    for (const to of NAMES.filter((name) => name !== from)) {
      const { status, body } = await world.call(from, { url: `http://${to}.demo/x` });
      assert.equal(status, 200, `${from} to ${to}: ${body}`);
      const seen = JSON.parse(body) as { readonly headers: Readonly<Record<string, string>> };
      assert.match(
        seen.headers['x-forwarded-client-cert'] ?? '',
        new RegExp(`URI=spiffe://cluster.local/ns/demo/sa/${from}$`),
      );
      assert.equal((await world.bytes(from, `tcp://${to}.demo:9000`)).body, `${to} got hello`);
    }
  }
});

test('plaintext is refused', { skip }, async () => {
  for (const name of NAMES) await assert.rejects(world.sandbox.fetch(`http://${world.address(name)}:8080/`));
});

test('retries are made and policies deny, as told', { skip }, async () => {
  world.controlPlane.apply(
    'rules',
    `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ours, namespace: demo}
spec:
  hosts: [ours, envoy]
  http:
  - headers: {response: {set: {x-rule: retries}}}
    match: [{authority: {prefix: ours}}]
    retries: {attempts: 5, perTryTimeout: 2s, retryOn: 5xx}
    route: [{destination: {host: ours}}]
  - headers: {response: {set: {x-rule: retries}}}
    retries: {attempts: 5, perTryTimeout: 2s, retryOn: 5xx}
    route: [{destination: {host: envoy}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-secrets, namespace: demo}
spec: {action: DENY, rules: [{to: [{operation: {paths: [/secret*], ports: ["8080"]}}]}]}
`,
  );
  for (const [from, to] of [
    ['ours-by-istio', 'envoy'],
    ['envoy-by-ours', 'ours'],
  ] as const) {
    await eventually(async () => {
      const { headers } = await world.call(from, { url: `http://${to}.demo/` });
      assert.equal(headers['x-rule'], 'retries');
    });
    assert.equal((await world.call(from, { url: `http://${to}.demo/?fail=3&key=${from}` })).status, 200);
    await eventually(async () => {
      const denied = await world.call(from, { url: `http://${to}.demo/secret/1` });
      assert.deepEqual([denied.status, denied.body], [403, 'RBAC: access denied']);
    });
  }
});
