// What rules can say beyond where a request goes: timeouts, retries, balancing, redirect, rewrite; and new workloads.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, httpGet, isRunning, type MeshUnderTest, root, startMesh } from './support/mesh-under-test.ts';
import { reviewsCounts, reviewsVersion } from './support/reviews.ts';

let mesh: MeshUnderTest;
before(async () => {
  mesh = await startMesh();
});
after(() => mesh.close());

const sample = (path: string) => join(root, 'samples/bookinfo', `${path}.yaml`);

for (const api of ['routing', 'networking'] as const) {
  test(`${api}: a timeout cuts a slow answer short`, async () => {
    const delay =
      api === 'routing' ? 'routing/route-rule-ratings-test-delay' : 'networking/virtual-service-ratings-test-delay';
    const timeout =
      api === 'routing' ? 'routing/route-rule-reviews-timeout' : 'networking/virtual-service-reviews-timeout';
    await using _ = await rules(api, delay, timeout);
    await eventually(async () => assert.equal(await reviewsVersion(mesh), 'v2'));
    await eventually(async () => {
      const began = performance.now();
      const { status } = await mesh.get('/api/v1/products/0/reviews', { cookie: 'user=jason' });
      assert.equal(status, 504);
      assert.ok(performance.now() - began < 3_000, 'two tries of a second at most, not two of three seconds');
    });
  });

  test(`${api}: a redirect and a rewrite`, async () => {
    const files =
      api === 'routing'
        ? ['routing/route-rule-ratings-redirect', 'routing/route-rule-ratings-rewrite']
        : ['networking/virtual-service-ratings-redirect-rewrite'];
    await using _ = await rules(api, ...files);
    await eventually(async () => {
      const redirected = await fromProductPage('ratings:9080', '/ratings/1');
      assert.equal(redirected.status, 301);
      assert.equal(redirected.headers['location'], 'http://ratings:9080/ratings/2');
    });
    const rewritten = await fromProductPage('ratings:9080', '/v0/ratings/7');
    assert.equal(rewritten.status, 200);
    assert.equal((JSON.parse(rewritten.body) as { id: number }).id, 7);
  });
}

test('a workload that comes into the directory runs; retries hide its failures', async () => {
  const file = join(mesh.directory, 'flaky.yaml');
  writeFileSync(file, flakyWorkload());
  const codes = async (requests: number) => {
    const answers = [];
    for (let sent = 0; sent < requests; sent++) answers.push((await fromProductPage('flaky:8080', '/')).status);
    return answers.sort((a, b) => a - b);
  };
  await eventually(async () => assert.deepEqual(await codes(3), [200, 500, 500]), 20_000);
  const rule = join(mesh.directory, 'flaky-retries.yaml');
  writeFileSync(
    rule,
    `apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: flaky-retries}
spec:
  destination: {name: flaky}
  httpReqRetries: {simpleRetry: {attempts: 3, perTryTimeout: 2s}}
`,
  );
  await eventually(async () => assert.deepEqual(await codes(3), [200, 200, 200]));
  rmSync(rule);
  await eventually(async () => assert.deepEqual(await codes(3), [200, 500, 500]));
  const { pid } = await mesh.workload('flaky-v1');
  rmSync(file);
  await eventually(async () => assert.ok(!isRunning(pid)), 20_000);
  await eventually(async () => assert.equal((await fromProductPage('flaky:8080', '/')).status, 404));
});

test('a destination policy changes how requests spread', async () => {
  const turn = await sequence(12);
  assert.equal(
    new Set([turn.slice(0, 3).join(), turn.slice(3, 6).join(), turn.slice(6, 9).join()]).size,
    1,
    `in turn: ${turn.join()}`,
  );
  await using _ = await rules('routing', 'routing/destination-policy-reviews');
  await eventually(async () => {
    const random = await sequence(15);
    const thirds = [0, 3, 6, 9, 12].map((start) => random.slice(start, start + 3).join());
    assert.ok(new Set(thirds).size > 1, `by chance: ${random.join()}`);
  });
  assert.equal(Object.keys(await reviewsCounts(mesh, 40)).length, 3);
});

test('Ctrl-C ends a mesh in the foreground and leaves nothing behind', async () => {
  const other = await startMesh();
  await other.command('down', '--dir', other.directory);
  const child = spawn(join(root, 'mesh'), ['up', '--dir', other.directory, '--ingress', '127.0.0.1:18199'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('Ctrl-C ends the mesh')) resolve();
    });
    child.once('exit', () => reject(new Error(`up ended: ${output}`)));
  });
  await ready;
  assert.match(output, /http:\/\/127\.0\.0\.1:18199\/productpage/);
  const status = await other.status();
  assert.equal(status.ingress.url, 'http://127.0.0.1:18199');
  const gone = new Promise<number | null>((resolve) => {
    child.removeAllListeners('exit');
    child.once('exit', resolve);
  });
  child.kill('SIGINT');
  assert.equal(await gone, 0);
  const pids = [
    status.controlPlane.pid,
    status.ingress.pid,
    ...status.workloads.flatMap((w) => [w.pid, w.sidecar.pid]),
  ];
  assert.deepEqual(pids.filter(isRunning), []);
  await other.close();
});

/** A request as the product page would send it: through its sidecar, to a service by its name. */
async function fromProductPage(host: string, path: string) {
  const { httpProxy } = (await mesh.workload('productpage-v1')).sidecar;
  return httpGet(`http://${httpProxy}${path}`, { host });
}

/** Which versions of reviews answer, one request after the other. */
async function sequence(length: number): Promise<readonly string[]> {
  const versions: string[] = [];
  for (let sent = 0; sent < length; sent++) versions.push(await reviewsVersion(mesh));
  return versions;
}

/** Applies rules for a while; with today's API the subsets they name, too. */
async function rules(api: 'routing' | 'networking', ...files: readonly string[]): Promise<AsyncDisposable> {
  const all = api === 'networking' ? ['networking/destination-rule-all', ...files] : files;
  const flags = all.flatMap((file) => ['-f', sample(file)]);
  const created = await mesh.istioctl('create', ...flags);
  assert.equal(created.code, 0, created.stderr);
  return {
    async [Symbol.asyncDispose]() {
      const deleted = await mesh.istioctl('delete', ...flags);
      assert.equal(deleted.code, 0, deleted.stderr);
    },
  };
}

function flakyWorkload(): string {
  return `apiVersion: v1
kind: Service
metadata: {name: flaky}
spec:
  ports: [{name: http, port: 8080}]
  selector: {app: flaky}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: flaky-v1}
spec:
  selector: {matchLabels: {app: flaky}}
  template:
    metadata: {labels: {app: flaky, version: v1}}
    spec:
      containers:
      - name: flaky
        command: [node, ${join(root, 'test/support/flaky-app.ts')}]
        ports: [{containerPort: 8080}]
`;
}
