// Every corner of {istiod, ours} × {pilot-agent, ours} × {Envoy, ours}: the same traffic, under the same rules.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FOR_STOCK_ENVOY, IstioWorld, reasonAgainstIstio, type Sidecar } from './support/istio-world.ts';
import { eventually } from './support/mesh-under-test.ts';
import { keySetOf, rsaKey, token } from './support/test-tokens.ts';

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
const PAIRS = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => [from, to] as const));
const KEY = rsaKey('one', 'RS256');
const ISSUER = 'issuer@example.com';

/** 'ours' may come by itself, everybody else by a token of an admin; nobody gets at the secrets. */
const RULES = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: demo}
spec: {jwtRules: [{issuer: ${ISSUER}, jwks: '${keySetOf(KEY)}'}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: callers, namespace: demo}
spec:
  action: ALLOW
  rules:
  - from: [{source: {principals: [cluster.local/ns/demo/sa/ours]}}]
  - from: [{source: {requestPrincipals: ["${ISSUER}/*"]}}]
    when: [{key: "request.auth.claims[groups]", values: [admin]}]
  - to: [{operation: {ports: ["9000"]}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-secrets, namespace: demo}
spec: {action: DENY, rules: [{to: [{operation: {paths: [/secret*], ports: ["8080"]}}]}]}
`;

for (const controlPlane of [undefined, 'meltemi'] as const) {
  describe(`under ${controlPlane === undefined ? 'istiod' : 'our control plane'}`, { skip }, () => {
    let world: IstioWorld;
    before(async () => {
      const plane = controlPlane ? { controlPlane } : FOR_STOCK_ENVOY;
      world = await IstioWorld.start({ applications: SIDECARS, configuration: { strict: STRICT }, ...plane });
    });
    after(() => world.close());

    test('requests and bytes go from each to each, in mutual TLS', async () => {
      for (const [from, to] of PAIRS) {
        const { status, body } = await world.call(from, { url: `http://${to}.demo/x` });
        assert.equal(status, 200, `${from} to ${to}: ${body}`);
        const seen = JSON.parse(body) as { readonly headers: Readonly<Record<string, string>> };
        assert.match(
          seen.headers['x-forwarded-client-cert'] ?? '',
          new RegExp(`URI=spiffe://cluster.local/ns/demo/sa/${from}$`),
        );
        assert.equal((await world.bytes(from, `tcp://${to}.demo:9000`)).body, `${to} got hello`);
      }
    });

    test('plaintext is refused', async () => {
      for (const name of NAMES) await assert.rejects(world.sandbox.fetch(`http://${world.address(name)}:8080/`));
    });

    test('identities and tokens let in, policies deny, retries are made', async () => {
      world.controlPlane.apply('rules', `${RULES}---${retries('ours')}---${retries('envoy')}`);
      const claims = { iss: ISSUER, sub: 'mary', exp: Math.floor(Date.now() / 1000) + 3600 };
      const statusOf = async (from: string, to: string, path: string, bearer?: string) => {
        const headers = bearer && { headers: { authorization: `Bearer ${bearer}` } };
        return (await world.call(from, { url: `http://${to}.demo${path}`, ...headers })).status;
      };
      const admin = token(KEY, { ...claims, groups: ['admin'] });
      for (const [from, to] of PAIRS) {
        const way = `${from} to ${to}`;
        await eventually(async () => assert.equal(await statusOf(from, to, '/secret/1', admin), 403, way));
        await eventually(async () => assert.equal(await statusOf(from, to, '/'), from === 'ours' ? 200 : 403, way));
        assert.equal(await statusOf(from, to, '/', admin), 200, way);
        assert.equal(await statusOf(from, to, '/', token(KEY, claims)), from === 'ours' ? 200 : 403, way);
        assert.equal(await statusOf(from, to, '/', token(rsaKey('one', 'RS256'), claims)), 401, way);
        assert.equal((await world.bytes(from, `tcp://${to}.demo:9000`)).body, `${to} got hello`);
      }
      for (const [from, to] of PAIRS.filter(([, to]) => to === 'ours' || to === 'envoy')) {
        await eventually(async () => {
          const { headers } = await world.call(from, { url: `http://${to}.demo/` });
          assert.equal(headers['x-rule'], 'retries');
        });
        assert.equal(await statusOf(from, to, `/?fail=3&key=${from}-${to}`, admin), 200, `${from} to ${to}`);
      }
    });
  });
}

function retries(host: string): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${host}, namespace: demo}
spec:
  hosts: [${host}]
  http:
  - headers: {response: {set: {x-rule: retries}}}
    retries: {attempts: 5, perTryTimeout: 2s, retryOn: 5xx}
    route: [{destination: {host: ${host}}}]
`;
}
