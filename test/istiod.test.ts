// Our sidecar in Envoy's place: started by a real pilot-agent, configured by a real istiod, among Envoys and others of ours.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FOR_STOCK_ENVOY, IstioWorld, reasonAgainstIstio, type Sidecar } from './support/istio-world.ts';
import { eventually } from './support/mesh-under-test.ts';
import { syncProblems } from './support/sync-problems.ts';

const skip = reasonAgainstIstio();
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
`;
const SIDECARS: Readonly<Record<string, Sidecar>> = {
  a: { proxy: 'meltemi', agent: 'istio' },
  b: { proxy: 'meltemi', agent: 'istio' },
  envoy: { proxy: 'envoy', agent: 'istio' },
  ours: { proxy: 'meltemi', agent: 'meltemi' },
  'envoy-by-ours': { proxy: 'envoy', agent: 'meltemi' },
};
const PAIRS = ['a b', 'b a', 'a envoy', 'envoy a', 'ours a', 'a ours', 'ours envoy-by-ours', 'envoy-by-ours ours'].map(
  (pair) => pair.split(' ') as [string, string],
);

/** Who has routes to it in use: a sidecar that is two turns behind would lose a cluster before its route. */
const CALLERS_OF_A = PAIRS.flatMap(([from, to]) => (to === 'a' ? from : []));

let world: IstioWorld;
before(async () => {
  if (skip) return;
  world = await IstioWorld.start({
    applications: SIDECARS,
    configuration: { strict: STRICT },
    ...FOR_STOCK_ENVOY,
  });
});
after(async () => {
  if (!skip) await world.close();
});

test('requests and bytes go between two of ours and an Envoy, each way, in mutual TLS', { skip }, async () => {
  for (const [from, to] of PAIRS) {
    const { status, body } = await world.call(from, { url: `http://${to}.demo/x` });
    assert.equal(status, 200, `${from} to ${to}: ${body}`);
    const seen = JSON.parse(body) as { readonly pod: string; readonly headers: Readonly<Record<string, string>> };
    assert.equal(seen.pod, to);
    assert.match(
      seen.headers['x-forwarded-client-cert'] ?? '',
      new RegExp(
        `^By=spiffe://cluster.local/ns/demo/sa/${to};Hash=\\w{64};.*URI=spiffe://cluster.local/ns/demo/sa/${from}$`,
      ),
    );
    assert.equal((await world.bytes(from, `tcp://${to}.demo:9000`)).body, `${to} got hello`);
  }
});

test('plaintext is refused', { skip }, async () => {
  for (const port of [8080, 9000]) {
    await assert.rejects(world.sandbox.fetch(`http://${world.address('a')}:${port}/`));
  }
});

test('every resource is acknowledged, and none was ever refused', { skip }, async () => {
  await eventually(async () =>
    assert.deepEqual(syncProblems(await world.controlPlane.debug('syncz'), Object.keys(SIDECARS)), []),
  );
  for (const name of ['a', 'b', 'ours']) {
    const stats = await world.admin(name, '/stats?filter=update_rejected');
    assert.deepEqual(
      stats.split('\n').filter((line) => /: [1-9]/.test(line)),
      [],
    );
  }
});

test("a VirtualService's retries are made", { skip }, async () => {
  world.controlPlane.apply(
    'retries',
    `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b, namespace: demo}
spec:
  hosts: [b]
  http:
  - headers: {response: {set: {x-rule: retries}}}
    retries: {attempts: 5, perTryTimeout: 2s, retryOn: 5xx, backoff: 5ms}
    route: [{destination: {host: b}}]
`,
  );
  for (const from of ['a', 'envoy']) {
    await eventually(async () => {
      const { headers } = await world.call(from, { url: 'http://b.demo/' });
      assert.equal(headers['x-rule'], 'retries');
    });
    const { status, body } = await world.call(from, { url: `http://b.demo/?fail=4&key=${from}` });
    assert.equal(status, 200);
    const { headers } = JSON.parse(body) as { readonly headers: Readonly<Record<string, string>> };
    assert.equal(headers['x-envoy-attempt-count'], '5');
  }
  world.controlPlane.remove('retries');
});

test('an AuthorizationPolicy denies by path and by caller', { skip }, async () => {
  world.controlPlane.apply(
    'policy',
    `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-secrets, namespace: demo}
spec: {selector: {matchLabels: {app: b}}, action: DENY, rules: [{to: [{operation: {paths: [/secret*], ports: ["8080"]}}]}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: only-a, namespace: demo}
spec: {selector: {matchLabels: {app: b}}, action: ALLOW, rules: [{from: [{source: {principals: [cluster.local/ns/demo/sa/a]}}]}]}
`,
  );
  const statusOf = async (from: string, path: string) =>
    (await world.call(from, { url: `http://b.demo${path}` })).status;
  await eventually(async () => assert.equal(await statusOf('envoy', '/'), 403));
  assert.equal(await statusOf('a', '/'), 200);
  const denied = await world.call('a', { url: 'http://b.demo/secret/1' });
  assert.deepEqual([denied.status, denied.body], [403, 'RBAC: access denied']);
  assert.doesNotMatch((await world.bytes('envoy', 'tcp://b.demo:9000')).body, /hello/);
  assert.equal((await world.bytes('a', 'tcp://b.demo:9000')).body, 'b got hello');
  world.controlPlane.remove('policy');
  await eventually(async () => assert.equal(await statusOf('envoy', '/secret/1'), 200));
});

test('no request fails while the configuration changes', { skip }, async () => {
  const loads = await Promise.all(PAIRS.map(([from, to]) => world.load(from, { url: `http://${to}.demo/` })));
  for (let turn = 1; turn <= 4; turn++) {
    world.controlPlane.apply('turn', turnOf(turn));
    for (const from of CALLERS_OF_A) {
      await eventually(async () => {
        const { headers } = await world.call(from, { url: 'http://a.demo/' });
        assert.equal(headers['x-turn'], String(turn));
      });
    }
  }
  for (const [index, end] of loads.entries()) {
    const { requests, failures } = await end();
    assert.deepEqual(failures, [], PAIRS[index]!.join(' to '));
    assert.ok(requests > 20, `${requests} requests`);
  }
  await eventually(async () =>
    assert.deepEqual(syncProblems(await world.controlPlane.debug('syncz'), Object.keys(SIDECARS)), []),
  );
});

/**
 * Every other turn routes to a subset. Its cluster comes a turn before its route and goes a turn after: a route that comes
 * together with its cluster is one to nowhere for an Envoy until the cluster has its endpoints, which is answered with 503.
 */
function turnOf(turn: number): string {
  const subset = turn % 2 === 0 ? `, subset: turn${turn}` : '';
  const subsets = [turn - 1, turn, turn + 1].map((each) => `{name: turn${each}, labels: {version: v1}}`);
  return `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: demo}
spec: {host: a, subsets: [${subsets.join(', ')}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a, namespace: demo}
spec:
  hosts: [a]
  http: [{headers: {response: {set: {x-turn: "${turn}"}}}, route: [{destination: {host: a${subset}}}]}]
`;
}
