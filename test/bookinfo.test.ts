// The walk of the README: a mesh comes up, and a person steers its traffic with old rules and new ones.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  eventually,
  httpGet,
  isRunning,
  type MeshUnderTest,
  root,
  startMesh,
  startWrk,
} from './support/mesh-under-test.ts';
import { reviewsCounts, reviewsVersion } from './support/reviews.ts';

let mesh: MeshUnderTest;
before(async () => {
  mesh = await startMesh();
});
after(() => mesh.close());

const rule = (name: string) => join(root, 'samples/bookinfo/routing', `${name}.yaml`);
const network = (name: string) => join(root, 'samples/bookinfo/networking', `${name}.yaml`);

test('up prints what runs, where, and that it is ready', () => {
  assert.match(mesh.upOutput, /^WORKLOAD +SERVICE +VERSION/m);
  for (const name of ['productpage-v1', 'details-v1', 'ratings-v1', 'reviews-v1', 'reviews-v2', 'reviews-v3']) {
    assert.match(mesh.upOutput, new RegExp(`^${name} .*running`, 'm'));
  }
  assert.match(mesh.upOutput, /Product page +http:\/\/127\.0\.0\.1:\d+\/productpage/);
  assert.match(mesh.upOutput, /ready in \d+\.\d s/);
});

test('status -o json keeps its contract', async () => {
  const status = await mesh.status();
  assert.deepEqual(status.workloads.map((workload) => workload.name).sort(), [
    'details-v1',
    'productpage-v1',
    'ratings-v1',
    'reviews-v1',
    'reviews-v2',
    'reviews-v3',
  ]);
  const address = /^127\.0\.0\.1:\d+$/;
  for (const workload of status.workloads) {
    assert.equal(workload.namespace, 'default');
    assert.ok(workload.name.startsWith(workload.service) && workload.name.endsWith(workload.version));
    assert.ok(workload.pid > 0 && workload.sidecar.pid > 0 && workload.pid !== workload.sidecar.pid);
    for (const text of [workload.address, workload.sidecar.admin, workload.sidecar.inbound])
      assert.match(text, address);
  }
  assert.match(status.ingress.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.ok(status.ingress.pid > 0 && status.controlPlane.pid > 0);
  for (const key of ['grpc', 'http', 'metrics'] as const) assert.match(status.controlPlane[key], address);
  assert.deepEqual(status.problems, []);
});

test('the product page shows all three versions of reviews in turn', async () => {
  const counts = await reviewsCounts(mesh, 30);
  assert.deepEqual(Object.keys(counts).sort(), ['v1', 'v2', 'v3']);
  const pages = await Promise.all(Array.from({ length: 12 }, () => mesh.get('/productpage')));
  assert.ok(pages.every((page) => page.status === 200 && page.body.includes('The Comedy of Errors')));
  assert.ok(pages.some((page) => page.body.includes('<font color="red"')));
  assert.ok(pages.some((page) => page.body.includes('<font color="black"')));
  assert.ok(pages.some((page) => !page.body.includes('glyphicon-star')));
});

test('nothing but the product page is let in', async () => {
  assert.equal((await mesh.get('/reviews/0')).status, 404);
});

test('route rules: everyone on v1, jason on v2', async () => {
  await succeeds(
    mesh.istioctl('create', '-f', rule('route-rule-all-v1')),
    /Created config route-rule\/default\/reviews-default/,
  );
  await eventually(async () => assert.deepEqual(await reviewsCounts(mesh, 10), { v1: 10 }), 3_000);
  await succeeds(mesh.istioctl('create', '-f', rule('route-rule-reviews-test-v2')));
  await eventually(async () => assert.equal(await reviewsVersion(mesh, 'jason'), 'v2'), 3_000);
  assert.deepEqual(await reviewsCounts(mesh, 10, 'jason'), { v2: 10 });
  assert.deepEqual(await reviewsCounts(mesh, 10, 'somebody'), { v1: 10 });
});

test('get prints rules as Istio 0.2 did', async () => {
  const { stdout } = await succeeds(mesh.istioctl('get', 'route-rules', '-o', 'yaml'));
  const documents = stdout.replaceAll(/resourceVersion: .*/g, 'resourceVersion: "1"').split('---\n');
  assert.equal(
    documents.find((document) => document.includes('name: reviews-default')),
    'name: reviews-default\nnamespace: default\nresourceVersion: "1"\nspec:\n  destination:\n    name: reviews\n' +
      '  precedence: 1\n  route:\n  - labels:\n      version: v1\ntype: route-rule\n',
  );
  const { stdout: json } = await succeeds(mesh.istioctl('get', 'route-rule', 'reviews-default', '-o', 'json'));
  assert.ok(json.includes('"reviews-default"'));
});

test('route rules: an abort and a delay for jason alone', async () => {
  await succeeds(mesh.istioctl('create', '-f', rule('route-rule-ratings-test-abort')));
  await eventually(async () => assert.equal(await reviewsVersion(mesh, 'jason'), 'ratings unavailable'), 3_000);
  assert.equal(await reviewsVersion(mesh), 'v1');
  await succeeds(mesh.istioctl('delete', '-f', rule('route-rule-ratings-test-abort')), /Deleted config/);
  await eventually(async () => assert.equal(await reviewsVersion(mesh, 'jason'), 'v2'), 3_000);
  await succeeds(mesh.istioctl('create', '-f', rule('route-rule-ratings-test-delay')));
  const page = await eventually(async () => {
    const answer = await mesh.get('/productpage', { cookie: 'user=jason' });
    assert.match(answer.body, /Error fetching product reviews/);
    return answer;
  });
  assert.equal(page.status, 200);
  await succeeds(mesh.istioctl('delete', 'route-rule', 'ratings-test-delay'));
});

test('route rules: half of the traffic to v3, then all of it', async () => {
  await succeeds(mesh.istioctl('replace', '-f', rule('route-rule-reviews-50-v3')), /Updated config/);
  await eventually(async () => assert.ok((await reviewsCounts(mesh, 12))['v3']), 3_000);
  const counts = await reviewsCounts(mesh, 100);
  assert.equal((counts['v1'] ?? 0) + (counts['v3'] ?? 0), 100);
  assert.ok(counts['v1']! > 25 && counts['v3']! > 25, JSON.stringify(counts));
  await succeeds(mesh.istioctl('replace', '-f', rule('route-rule-reviews-v3')));
  await eventually(async () => assert.deepEqual(await reviewsCounts(mesh, 10), { v3: 10 }), 3_000);
});

test('deleting the rules brings all versions back', async () => {
  await succeeds(mesh.istioctl('delete', '-f', rule('route-rule-all-v1')));
  await succeeds(mesh.istioctl('delete', '-f', rule('route-rule-reviews-test-v2')));
  await eventually(async () => {
    assert.deepEqual(Object.keys(await reviewsCounts(mesh, 15)).sort(), ['v1', 'v2', 'v3']);
  }, 3_000);
  const { stderr } = await mesh.istioctl('get', 'route-rules');
  assert.match(stderr, /No resources found/);
});

test('virtual services: the same steps', async () => {
  await succeeds(
    mesh.istioctl('create', '-f', network('destination-rule-all'), '-f', network('virtual-service-all-v1')),
  );
  await eventually(async () => assert.deepEqual(await reviewsCounts(mesh, 10), { v1: 10 }), 3_000);
  await succeeds(mesh.istioctl('replace', '-f', network('virtual-service-reviews-test-v2')));
  await eventually(async () => assert.equal(await reviewsVersion(mesh, 'jason'), 'v2'), 3_000);
  assert.deepEqual(await reviewsCounts(mesh, 6), { v1: 6 });
  await succeeds(mesh.istioctl('replace', '-f', network('virtual-service-ratings-test-abort')));
  await eventually(async () => assert.equal(await reviewsVersion(mesh, 'jason'), 'ratings unavailable'), 3_000);
  await succeeds(mesh.istioctl('apply', '-f', network('virtual-service-reviews-50-v3')));
  await eventually(async () => assert.ok((await reviewsCounts(mesh, 12))['v3']), 3_000);
  const { stdout } = await succeeds(mesh.istioctl('get', 'virtualservice', 'reviews', '-o', 'json'));
  assert.equal((JSON.parse(stdout) as { metadata: { name: string } }).metadata.name, 'reviews');
});

test('a change under load fails no request', async () => {
  const url = `${await mesh.ingress()}/productpage`;
  const load = startWrk(url, 5);
  for (const name of ['virtual-service-reviews-v3', 'virtual-service-reviews-50-v3', 'virtual-service-reviews-v3']) {
    await succeeds(mesh.istioctl('replace', '-f', network(name)));
  }
  const { requests, errors } = await load;
  assert.equal(errors, '');
  assert.ok(requests > 100, `${requests} requests`);
});

test('editing the directory by hand does the same, in well under a second', async () => {
  const file = join(mesh.directory, 'by-hand.yaml');
  await succeeds(mesh.istioctl('delete', 'virtualservice', 'reviews'));
  const route = (subset: string) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews, subset: ${subset}}
`;
  writeFileSync(file, route('v2'));
  await eventually(async () => assert.deepEqual(await reviewsCounts(mesh, 6), { v2: 6 }), 3_000);
  const started = performance.now();
  writeFileSync(file, route('v3'));
  await eventually(async () => assert.equal(await reviewsVersion(mesh), 'v3'), 3_000);
  assert.ok(performance.now() - started < 2_000);
  writeFileSync(file, route('v2').replace('subset', 'subzet'));
  const problem = await eventually(async () => {
    const { problems } = await mesh.status();
    assert.equal(problems.length, 1);
    return problems[0]!;
  });
  assert.match(problem.message, /unknown field "subzet"/);
  const { stdout } = await mesh.command('status', '--dir', mesh.directory);
  assert.match(
    stdout,
    /by-hand\.yaml:8:\d+: error: unknown field "subzet" in "destination" \(did you mean "subset"\?\)/,
  );
  const { stdout: log } = await mesh.command('logs', 'pilot-discovery', '--dir', mesh.directory);
  assert.match(log, /by-hand\.yaml:8:\d+: error: unknown field "subzet"/);
  assert.deepEqual(await reviewsCounts(mesh, 6), { v3: 6 }, 'what was last good stays');
  writeFileSync(file, route('v1'));
  await eventually(async () => assert.deepEqual(await reviewsCounts(mesh, 6), { v1: 6 }), 3_000);
});

test('mistakes are refused with their place, and change nothing', async () => {
  const write = (name: string, text: string) => {
    const file = join(mesh.directory, '.mesh', name);
    writeFileSync(file, text);
    return file;
  };
  const ruleOf = (name: string, spec: string) =>
    `apiVersion: config.istio.io/v1alpha2\nkind: RouteRule\nmetadata:\n  name: ${name}\nspec:\n${spec}`;
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'unknown',
      ruleOf('a', '  destination: {name: reviews}\n  precedance: 1\n'),
      /unknown.yaml:7:3: error: unknown field "precedance".*did you mean "precedence"/,
    ],
    [
      'regex',
      ruleOf('b', '  destination: {name: reviews}\n  match: {request: {headers: {cookie: {regex: "(a"}}}}\n'),
      /regex.yaml:7:\d+: error: .*regular expression/i,
    ],
    [
      'weights',
      ruleOf(
        'c',
        '  destination: {name: reviews}\n  route:\n  - labels: {version: v1}\n    weight: 60\n  - labels: {version: v3}\n    weight: 50\n',
      ),
      /weights.yaml:\d+:\d+: error: .*110.*100|weights.yaml:\d+:\d+: error: .*100/,
    ],
    ['type', ruleOf('d', '  destination: {name: reviews}\n  precedence: high\n'), /type.yaml:7:\d+: error: .*number/],
  ];
  for (const [name, text, expected] of cases) {
    const { code, stdout, stderr } = await mesh.istioctl('create', '-f', write(`${name}.yaml`, text));
    assert.notEqual(code, 0, name);
    assert.match(stderr, expected);
    assert.equal(stdout, '', name);
  }
  const again = await mesh.istioctl(
    'create',
    '-f',
    write('again.yaml', readFileSync(join(mesh.directory, 'by-hand.yaml'), 'utf8')),
  );
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /again.yaml:\d+:\d+: error: .*exists/);
  const future = ruleOf(
    'future',
    '  destination: {name: reviews}\n  precedence: 9\n  match: {request: {headers: {x-none: {exact: "1"}}}}\n  route:\n  - labels: {version: v9}\n',
  );
  const warned = await mesh.istioctl('create', '-f', write('future.yaml', future));
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /future.yaml:\d+:\d+: warning: /);
  assert.deepEqual(await reviewsCounts(mesh, 6), { v1: 6 });
  await succeeds(mesh.istioctl('delete', 'route-rule', 'future'));
});

test('an external service is reached only once it is declared', async () => {
  const external = createServer((_, response) => response.end('from outside'));
  await new Promise<void>((resolve) => external.listen(0, '127.0.0.1', resolve));
  const { port } = external.address() as AddressInfo;
  const call = async () => {
    const { httpProxy } = (await mesh.workload('productpage-v1')).sidecar;
    return httpGet(`http://${httpProxy}/`, { host: `localhost:${port}` });
  };
  try {
    assert.equal((await call()).status, 404);
    const declared = `apiVersion: config.istio.io/v1alpha2
kind: EgressRule
metadata: {name: outside}
spec:
  destination: {service: localhost}
  ports:
  - {port: ${port}, protocol: http}
`;
    writeFileSync(join(mesh.directory, 'outside.yaml'), declared);
    const answer = await eventually(async () => {
      const got = await call();
      assert.equal(got.status, 200);
      return got;
    }, 3_000);
    assert.equal(answer.body, 'from outside');
    const { stdout } = await mesh.command('exec', '--dir', mesh.directory, 'reviews-v1', '--', 'env');
    assert.match(stdout, /^HTTP_PROXY=http:\/\/127/m);
  } finally {
    external.close();
    external.closeAllConnections();
  }
});

test('the access logs of both sidecars have the form of the notes, with one request id', async () => {
  const id = 'cd30da12-ee24-9429-b188-2d494017c083';
  const { httpProxy } = (await mesh.workload('productpage-v1')).sidecar;
  const headers = { host: 'details:9080', 'x-request-id': id, 'user-agent': 'curl/7.47.0' };
  assert.equal((await httpGet(`http://${httpProxy}/details/0`, headers)).status, 200);
  const server = await mesh.workload('details-v1');
  const line = (upstream: string) =>
    new RegExp(
      `^\\[\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z\\] "GET /details/0 HTTP/1\\.1" 200 - 0 178 \\d+ \\d+ "-" "curl/7\\.47\\.0" "${id}" "details:9080" "${upstream}"$`,
      'm',
    );
  await eventually(async () => assert.match(await accessLog('productpage-v1'), line(server.sidecar.inbound)));
  await eventually(async () => assert.match(await accessLog('details-v1'), line(server.address)));
});

async function accessLog(workload: string): Promise<string> {
  return (await mesh.command('logs', workload, '-c', 'proxy', '--dir', mesh.directory)).stdout;
}

test('every sidecar has metrics and an admin page', async () => {
  for (const workload of (await mesh.status()).workloads) {
    const stats = await httpGet(`http://${workload.sidecar.admin}/stats/prometheus`);
    assert.equal(stats.status, 200);
    assert.match(stats.body, /^envoy_cluster_upstream_rq_total\{/m);
    assert.equal((await httpGet(`http://${workload.sidecar.admin}/ready`)).body.trim(), 'LIVE');
  }
});

test('down leaves nothing behind', async () => {
  const { supervisor } = JSON.parse(readFileSync(join(mesh.directory, '.mesh/mesh.json'), 'utf8')) as {
    supervisor: { pid: number };
  };
  const status = await mesh.status();
  const pids = [
    supervisor.pid,
    status.controlPlane.pid,
    status.ingress.pid,
    ...status.workloads.flatMap((w) => [w.pid, w.sidecar.pid]),
  ];
  const { code } = await mesh.command('down', '--dir', mesh.directory);
  assert.equal(code, 0);
  assert.deepEqual(pids.filter(isRunning), []);
  assert.notEqual((await mesh.command('status', '--dir', mesh.directory)).code, 0);
});

async function succeeds(running: ReturnType<MeshUnderTest['istioctl']>, expected = /./) {
  const result = await running;
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, expected);
  return result;
}
