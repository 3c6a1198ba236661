// Two of our sidecars under a real istiod with its own defaults: Istio's filters are on, and its metrics name both ends.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IstioWorld, reasonAgainstIstio } from './support/istio-world.ts';
import { eventually } from './support/mesh-under-test.ts';
import { syncProblems } from './support/sync-problems.ts';

const skip = reasonAgainstIstio();
/** What an installation of Istio says; the rest is left to istiod. */
const INSTALLED = {
  defaultProviders: { metrics: ['prometheus'] },
  accessLogFile: '/dev/stdout',
  enablePrometheusMerge: true,
};
const PROMETHEUS_PORT = 15090;

let world: IstioWorld;
before(async () => {
  if (skip) return;
  const ours = { proxy: 'meltemi', agent: 'istio' } as const;
  world = await IstioWorld.start({ applications: { a: ours, b: ours }, meshConfig: INSTALLED });
});
after(async () => {
  if (!skip) await world.close();
});

test('every resource is acknowledged, and none was ever refused', { skip }, async () => {
  await eventually(async () => assert.deepEqual(syncProblems(await world.controlPlane.debug('syncz'), ['a', 'b']), []));
  for (const name of ['a', 'b']) {
    const stats = await world.admin(name, '/stats?filter=update_rejected');
    assert.deepEqual(
      stats.split('\n').filter((line) => /: [1-9]/.test(line)),
      [],
    );
  }
});

test(
  'requests and bytes go each way, and applications see nothing of what sidecars tell each other',
  { skip },
  async () => {
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const { status, headers, body } = await world.call(from, { url: `http://${to}.demo/x` });
      assert.equal(status, 200, body);
      const seen = JSON.parse(body) as { readonly headers: Readonly<Record<string, string>> };
      const told = [...Object.keys(headers), ...Object.keys(seen.headers)].filter((name) => name.includes('metadata'));
      assert.deepEqual(told, []);
      assert.equal((await world.bytes(from, `tcp://${to}.demo:9000`)).body, `${to} got hello`);
    }
  },
);

test('metrics name the workloads at both ends', { skip }, async () => {
  await world.call('a', { url: 'http://b.demo/metrics' });
  for (const [scraped, reporter] of [
    ['a', 'source'],
    ['b', 'destination'],
  ] as const) {
    await eventually(async () => {
      const { status, body } = await world.sandbox.fetch(
        `http://${world.address(scraped)}:${PROMETHEUS_PORT}/stats/prometheus`,
      );
      assert.equal(status, 200);
      for (const metric of ['istio_requests_total', 'istio_tcp_received_bytes_total']) {
        const lines = body.split('\n').filter((line) => line.startsWith(`${metric}{reporter="${reporter}"`));
        const found = lines.find((line) => /source_workload="a".*destination_workload="b"/.test(line));
        assert.ok(found, `${metric} of ${scraped}: ${lines.join('\n')}`);
        assert.match(found, /destination_service="b.demo.svc.cluster.local"/);
        for (const end of ['source', 'destination']) {
          assert.match(found, new RegExp(`${end}_principal="spiffe://cluster.local/ns/demo/sa/`));
        }
      }
    });
  }
});

test('requests are in the access log', { skip }, async () => {
  await world.call('a', { url: 'http://b.demo/logged' });
  for (const name of ['a', 'b']) {
    await eventually(async () => assert.match(world.log(name), /"GET \/logged HTTP\/1.1" 200 - via_upstream/));
  }
});
