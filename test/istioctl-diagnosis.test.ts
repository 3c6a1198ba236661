// istioctl's diagnosis on live meshes, of our proxies and of Envoys: what it says is what the proxies have and do.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runIstioctl, tableOf } from './support/diagnosis.ts';
import { envoyProgram, withoutEnvoy } from './support/envoy.ts';
import { type Explained, logged, sendRandomRequests } from './support/explained-requests.ts';
import { eventually, httpGet, type MeshUnderTest, root, startMesh } from './support/mesh-under-test.ts';

const sample = (path: string) => join(root, 'samples/bookinfo', `${path}.yaml`);
const RULES = [
  'networking/destination-rule-all',
  'networking/virtual-service-reviews-50-v3',
  'networking/virtual-service-ratings-test-abort',
].flatMap((rule) => ['-f', sample(rule)]);

/** Envoy keeps its access log back for ten seconds. */
const LOG_DEADLINE_MS = 40_000;

const MESHES = [
  { what: 'our proxies', flags: [], skip: false, version: /^meltemi \d/ },
  { what: 'Envoys', flags: ['--proxy', envoyProgram ?? ''], skip: withoutEnvoy, version: /^envoy 1\.\d+/ },
] as const;

for (const { what, flags, skip, version } of MESHES) {
  describe(`a mesh of ${what}`, { skip }, () => {
    let mesh: MeshUnderTest;
    before(async () => {
      mesh = await startMesh({ flags });
      assert.equal((await mesh.istioctl('create', ...RULES)).code, 0);
      await eventually(async () => {
        const { steps } = await explained('productpage-v1', 'http://reviews:9080/reviews/0');
        assert.ok(steps.some(({ subject }) => subject === 'cluster'));
      });
    });
    after(() => mesh.close());

    const run = (...words: readonly string[]) => runIstioctl(mesh.directory, words);
    const ok = async (...words: readonly string[]): Promise<string> => {
      const { code, out, error } = await run(...words);
      assert.deepEqual([code, error], [0, '']);
      return out;
    };
    const explained = async (...words: readonly string[]) =>
      JSON.parse(await ok('explain', ...words, '-o', 'json')) as Explained;
    const saveDump = async (name: string): Promise<string> => {
      const { sidecar } = await mesh.workload(name);
      const file = join(mesh.directory, '.mesh', `${name}.json`);
      writeFileSync(file, (await httpGet(`http://${sidecar.admin}/config_dump?include_eds`)).body);
      return file;
    };

    test('every proxy is in sync, by the table and by its configuration', async () => {
      // A proxy is ready when it has applied its routes; its last ACK may still be on the way.
      await eventually(async () => {
        const rows = tableOf(await ok('ps'));
        assert.deepEqual(rows[0], ['NAME', 'CLUSTER', 'CDS', 'LDS', 'EDS', 'RDS', 'ECDS', 'ISTIOD', 'VERSION']);
        assert.equal(rows.length, 8);
        for (const [, , ...states] of rows.slice(1)) {
          assert.deepEqual(states.slice(0, 6), ['SYNCED', 'SYNCED', 'SYNCED', 'SYNCED', 'NOT SENT', 'pilot-discovery']);
          assert.match(states[6]!, version);
        }
      });
      // What a proxy is told may change once more while the last pods of the mesh become ready.
      await eventually(async () => {
        for (const name of ['productpage', 'reviews-v2', 'istio-ingressgateway.istio-system'])
          assert.equal(await ok('proxy-status', name), 'Clusters Match\nListeners Match\nRoutes Match\n');
      });
      const entries = JSON.parse(await ok('ps', '-o', 'json')) as { types: { RDS: unknown } }[];
      assert.deepEqual(entries[0]!.types.RDS, { status: 'SYNCED' });
    });

    test('every certificate is good for long enough, until that is longer than its life', async () => {
      const rows = tableOf(await ok('certs'));
      assert.deepEqual(rows[0], [
        'PROXY',
        'KIND',
        'IDENTITY',
        'NOT BEFORE',
        'NOT AFTER',
        'LEFT',
        'STATE',
        'SERIAL NUMBER',
      ]);
      const identities = rows.slice(1).map(([proxy, kind, identity]) => `${proxy} ${kind} ${identity}`);
      assert.ok(identities.includes('reviews-v2.default CHAIN spiffe://cluster.local/ns/default/sa/bookinfo-reviews'));
      const { code, error } = await run('certs', 'reviews-v2', '--within', '25h');
      assert.equal(code, 79);
      assert.match(error, /^Error: reviews-v2\.default: certificate of spiffe:.+bookinfo-reviews ends on 20/);
    });

    test('what a proxy has fits its tables and their filters', async () => {
      const clusters = await ok(
        'pc',
        'cluster',
        'productpage-v1',
        '--fqdn',
        'reviews',
        '--direction',
        'outbound',
        '--port',
        '9080',
      );
      assert.deepEqual(
        tableOf(clusters).slice(1),
        ['-', 'v1', 'v2', 'v3'].map((subset) => {
          return ['reviews.default.svc.cluster.local', '9080', subset, 'outbound', 'EDS', 'reviews.default'];
        }),
      );
      const { sidecar } = await mesh.workload('productpage-v1');
      const [address, port] = sidecar.inbound.split(':') as [string, string];
      const inbound = tableOf(await ok('pc', 'listener', 'productpage-v1', '--address', address, '--port', port));
      assert.ok(inbound.length > 1 && inbound.slice(1).every((row) => row.at(-1) === 'Cluster: inbound|9080||'));
      assert.equal(tableOf(await ok('pc', 'l', 'productpage-v1', '--type', 'TCP')).length, 1);
      const routes = await ok(
        'pc',
        'route',
        'productpage-v1',
        '--name',
        'outbound|9080||reviews.default.svc.cluster.local',
      );
      assert.deepEqual(tableOf(routes)[1]!.slice(2), ['*', '/*', 'reviews.default']);
      const reviews = await mesh.workload('reviews-v2');
      const endpoints = [
        'pc',
        'endpoint',
        'productpage-v1',
        '--cluster',
        'outbound|9080|v2|reviews.default.svc.cluster.local',
      ];
      assert.deepEqual(tableOf(await ok(...endpoints)).slice(1), [
        [reviews.sidecar.inbound, 'HEALTHY', 'OK', 'outbound|9080|v2|reviews.default.svc.cluster.local'],
      ]);
      assert.equal(tableOf(await ok(...endpoints, '--status', 'unhealthy')).length, 1);
      const secrets = tableOf(await ok('pc', 'secret', 'productpage-v1')).slice(1);
      assert.deepEqual(
        secrets.map((row) => row.slice(0, 4)),
        [
          ['default', 'Cert Chain', 'ACTIVE', 'true'],
          ['ROOTCA', 'CA', 'ACTIVE', 'true'],
        ],
      );
    });

    test('its JSON and YAML are of the messages, and a saved dump reads the same', async () => {
      const file = await saveDump('productpage-v1');
      // Envoy writes the maps of messages in any order: tables are compared.
      for (const kind of ['cluster', 'listener', 'route', 'bootstrap', 'secret']) {
        const words = ['pc', kind, '-o', 'short'];
        assert.equal(await ok(...words, '-f', file), await ok(...words, 'productpage-v1'), kind);
      }
      const [cluster] = JSON.parse(await ok('pc', 'c', 'productpage-v1', '--subset', 'v2', '-o', 'json')) as {
        edsClusterConfig: { serviceName: string };
      }[];
      assert.equal(cluster!.edsClusterConfig.serviceName, 'outbound|9080|v2|reviews.default.svc.cluster.local');
      assert.match(await ok('pc', 'bootstrap', '-f', file, '-o', 'yaml'), /^bootstrap:\n {2}node:\n {4}id: sidecar~/);
      assert.match(await ok('pc', 'endpoint', '-f', file), /HEALTHY +OK +outbound\|9080\|v3\|reviews/);
      assert.match(
        await ok('pc', 'all', 'productpage-v1'),
        /SERVICE FQDN[^]*ADDRESSES[^]*VHOST NAME[^]*OUTLIER CHECK[^]*SERIAL NUMBER/,
      );
    });

    test('explain tells every step with its file and line', async () => {
      const found = await explained('productpage', 'http://ratings:9080/ratings/0', '--user', 'tom');
      assert.equal(found.listener.name, 'outbound|9080||ratings.default.svc.cluster.local');
      assert.deepEqual(
        found.steps.filter(({ subject }) => subject === 'route').map(({ outcome }) => outcome),
        ['missed', 'matched'],
      );
      assert.match(found.steps[1]!.reason, /^wants header .*jason/);
      const file = /^(.*):(\d+)$/.exec(found.outcome.route!.source!)!;
      assert.match(readFileSync(file[1]!, 'utf8').split('\n')[Number(file[2]) - 1]!, /- |route/);
      assert.equal(found.cluster!.transport, 'mutual TLS');
      assert.deepEqual(
        found.cluster!.endpoints!.map(({ workload }) => workload),
        ['ratings-v1'],
      );
      assert.match(
        await ok('explain', 'productpage', 'http://nobody.example/'),
        /http_proxy[^]*It is answered with 404/,
      );
      const { split } = await explained('productpage', 'http://reviews:9080/', '--times', '1000');
      assert.equal(split!.length, 2);
      for (const { requests } of split!) assert.ok(requests > 430 && requests < 570, `${requests} of 1000`);
    });

    test('what it explains is what the sidecar does', async () => {
      const file = await saveDump('productpage-v1');
      const sent = await sendRandomRequests(file, ok);
      const log = join(mesh.directory, '.mesh/logs/productpage-v1.proxy.log');
      await eventually(async () => assert.equal(logged(log, sent).size, sent.length), LOG_DEADLINE_MS);
      const entries = logged(log, sent);
      for (const { id, url, expected } of sent) {
        assert.ok(expected.has(entries.get(id)!), `${url}: ${entries.get(id)} is none of ${[...expected].join(', ')}`);
      }
    });

    test('describe says what configures a pod and its service', async () => {
      const { pod, sidecar } = await mesh.workload('reviews-v3');
      const text = await ok('x', 'describe', 'pod', 'reviews-v3');
      assert.ok(text.startsWith(`Pod: ${pod}.default\n`), text);
      assert.match(
        text,
        /Matching subsets: v3\n +\(Non-matching subsets v1,v2\)\nVirtualService: reviews\.default\n +Match: \/\*/,
      );
      const service = await ok('describe', 'service', 'reviews');
      assert.match(
        service,
        /^Service: reviews\.default\.svc\.cluster\.local\n +Port: 9080\nDestinationRule: reviews\.default\n/,
      );
      assert.ok(service.includes(`Endpoint: ${sidecar.inbound} HEALTHY\n`), service);
      assert.equal((await run('describe', 'service', 'nobody')).code, 1);
    });

    test('mistakes are said with their exit codes', async () => {
      assert.deepEqual(await run('pc', 'cluster', 'productpag-v1'), {
        code: 1,
        out: '',
        error: 'Error: no proxy "productpag-v1" in this mesh (did you mean "productpage-v1"?)\n',
      });
      assert.match(
        (await run('pc', 'cluster', 'reviews')).error,
        /"reviews" is reviews-v1, reviews-v2, reviews-v3: name one/,
      );
      assert.equal((await run('pc', 'cluster')).code, 64);
      assert.equal((await run('explain', 'productpage')).code, 64);
      assert.equal((await run('explain', 'productpage', 'https://reviews:9080/')).code, 64);
      assert.equal((await run('ps', '--xds-address', '127.0.0.1:1')).code, 1);
    });
  });
}
