// The same mesh with a real Envoy as every sidecar and as the gateway: our control plane, CA and agent, judged by their own.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, httpGet, type MeshUnderTest, root, startMesh, startWrk } from './support/mesh-under-test.ts';
import { reviewsCounts, reviewsVersion } from './support/reviews.ts';

const envoy = process.env['MELTEMI_ENVOY'];
const skip = envoy ? false : 'MELTEMI_ENVOY names no Envoy';
const sample = (path: string) => join(root, 'samples/bookinfo', `${path}.yaml`);

let mesh: MeshUnderTest;
before(async () => {
  if (envoy) mesh = await startMesh({ flags: ['--proxy', envoy, '--workload-cert-ttl', '8s'] });
});
after(async () => {
  if (envoy) await mesh.close();
});

test('Envoys carry the application', { skip }, async () => {
  assert.deepEqual(Object.keys(await reviewsCounts(mesh, 12)).sort(), ['v1', 'v2', 'v3']);
  const { sidecar } = await mesh.workload('productpage-v1');
  assert.match((await httpGet(`http://${sidecar.admin}/server_info`)).body, /"version": "[^"]*\/1\.\d+/);
});

test('old rules and new ones steer them', { skip }, async () => {
  const rules = [
    'routing/route-rule-all-v1',
    'routing/route-rule-reviews-test-v2',
    'routing/route-rule-ratings-test-abort',
  ];
  const flags = rules.flatMap((rule) => ['-f', sample(rule)]);
  assert.equal((await mesh.istioctl('create', ...flags)).code, 0);
  await eventually(async () => assert.equal(await reviewsVersion(mesh, 'jason'), 'ratings unavailable'));
  assert.deepEqual(await reviewsCounts(mesh, 6), { v1: 6 });
  assert.equal((await mesh.istioctl('delete', ...flags)).code, 0);
  const today = [
    '-f',
    sample('networking/destination-rule-all'),
    '-f',
    sample('networking/virtual-service-reviews-v3'),
  ];
  assert.equal((await mesh.istioctl('create', ...today)).code, 0);
  await eventually(async () => assert.deepEqual(await reviewsCounts(mesh, 6), { v3: 6 }));
  assert.equal((await mesh.istioctl('delete', ...today)).code, 0);
});

test('no request fails while rules change and certificates rotate', { skip }, async () => {
  const load = startWrk(`${await mesh.ingress()}/api/v1/products/0/reviews`, 9);
  const flags = ['-f', sample('routing/route-rule-reviews-v3')];
  assert.equal((await mesh.istioctl('create', ...flags)).code, 0);
  await eventually(async () => assert.deepEqual(await reviewsCounts(mesh, 6), { v3: 6 }));
  assert.equal((await mesh.istioctl('delete', ...flags)).code, 0);
  const { requests, errors } = await load;
  assert.equal(errors, '');
  assert.ok(requests > 100, `${requests} requests`);
});

test('they take mutual TLS alone, and no configuration of ours is refused', { skip }, async () => {
  const status = await mesh.status();
  for (const workload of status.workloads) {
    await assert.rejects(httpGet(`http://${workload.sidecar.inbound}/health`));
    const stats = await httpGet(`http://${workload.sidecar.admin}/stats?filter=update_rejected`);
    const rejected = stats.body.split('\n').filter((line) => /: [1-9]/.test(line));
    assert.deepEqual(rejected, [], workload.name);
  }
  assert.deepEqual(status.problems, []);
});
