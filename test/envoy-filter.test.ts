// Patches of EnvoyFilters and what Telemetries ask, in a running mesh: the proxies take them, and do as they say.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { meshApp } from './support/mesh-app.ts';
import { eventually as retried, httpGet, type MeshUnderTest, root, startMesh } from './support/mesh-under-test.ts';

const envoy = process.env['MELTEMI_ENVOY'];
const TYPE = 'type.googleapis.com/envoy.extensions.filters';

let mesh: MeshUnderTest;

const eventually = (check: () => Promise<unknown>) => retried(check, 30_000);

describe('with our sidecars', () => followsPatches([]));
describe('with Envoy as every sidecar', { skip: envoy ? false : 'MELTEMI_ENVOY names no Envoy' }, () =>
  followsPatches(['--proxy', envoy!]),
);

function followsPatches(flags: readonly string[]): void {
  before(async () => {
    mesh = await startMesh({ flags, workloads: workloads() });
    await eventually(async () => assert.equal((await call('/ready')).status, 200));
  });
  after(() => mesh.close());

  test('a filter that is put into a sidecar changes what passes, and is gone when its patch is', async () => {
    {
      await using _ = await object('EnvoyFilter', 'networking.istio.io/v1alpha3', marking('details', 'x-marked'));
      await eventually(async () => assert.equal((await call('/marked')).headers['x-marked'], 'yes'));
      await noneRefused();
    }
    await eventually(async () => assert.equal((await call('/again')).headers['x-marked'], undefined));
  });

  test('a patch of another workload, and one that is wrong, change nothing', async () => {
    await using _ = await object('EnvoyFilter', 'networking.istio.io/v1alpha3', marking('other', 'x-other'));
    const wrong = {
      configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { lb_polcy: 'RANDOM' } } }],
    };
    const refused = await created('EnvoyFilter', 'networking.istio.io/v1alpha3', wrong);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr + refused.stdout, /lb_polcy.*did you mean "lb_policy"/s);
    await using _own = await object('EnvoyFilter', 'networking.istio.io/v1alpha3', marking('details', 'x-own'), 'own');
    await eventually(async () => assert.equal((await call('/own')).headers['x-own'], 'yes'));
    assert.equal((await call('/other')).headers['x-other'], undefined);
    await noneRefused();
  });

  test('a Telemetry counts in Istio’s metrics where the sidecar knows them, and is taken where it does not', async () => {
    await using _ = await object('Telemetry', 'telemetry.istio.io/v1', {
      metrics: [{ providers: [{ name: 'prometheus' }] }],
    });
    await eventually(async () => {
      assert.equal((await call('/counted')).status, 200);
      if (flags.length > 0) return;
      const { admin } = await sidecarOf('details');
      const { body } = await httpGet(`http://${admin}/stats/prometheus`);
      const [counted = ''] = body
        .split('\n')
        .filter((line) => /^istio_requests_total.*reporter="destination"/.test(line));
      const said = /(source|destination)_workload="[^"]*/g;
      assert.deepEqual(counted.match(said)?.sort(), ['destination_workload="details', 'source_workload="caller']);
    });
    await noneRefused();
  });

  test('a Telemetry turns a log off for one side', async () => {
    const spec = {
      selector: { matchLabels: { app: 'details' } },
      accessLogging: [{ providers: [{ name: 'envoy' }], disabled: true }],
    };
    await using _ = await object('Telemetry', 'telemetry.istio.io/v1', spec);
    await eventually(async () => {
      const path = `/silent-${Math.random()}`;
      assert.equal((await call(path)).status, 200);
      await retried(async () => assert.ok(log('caller').includes(path)), 5000);
      assert.ok(!log('details').includes(path));
    });
    await noneRefused();
  });
}

/** Adds a header to the answers of an application. */
function marking(app: string, header: string): object {
  const mutations = { response_mutations: [{ append: { header: { key: header, value: 'yes' } } }] };
  const value = {
    name: 'marking',
    typed_config: { '@type': `${TYPE}.http.header_mutation.v3.HeaderMutation`, mutations },
  };
  const listener = { filterChain: { filter: { name: 'envoy.filters.network.http_connection_manager' } } };
  return {
    workloadSelector: { labels: { app } },
    configPatches: [
      {
        applyTo: 'HTTP_FILTER',
        match: { context: 'SIDECAR_INBOUND', listener: { portNumber: 9080, ...listener } },
        patch: { operation: 'INSERT_FIRST', value },
      },
    ],
  };
}

const sidecars = new Map<string, Awaited<ReturnType<MeshUnderTest['workload']>>['sidecar']>();

/** Asked once: `mesh status` is a program of its own. */
async function sidecarOf(workload: string) {
  const key = `${mesh.directory} ${workload}`;
  const known = sidecars.get(key) ?? (await mesh.workload(workload)).sidecar;
  sidecars.set(key, known);
  return known;
}

async function call(path: string) {
  const { httpProxy } = await sidecarOf('caller');
  return httpGet(`http://${httpProxy}${path}`, { host: 'details:9080' });
}

function log(workload: string): string {
  return readFileSync(join(mesh.directory, `.mesh/logs/${workload}.proxy.log`), 'utf8');
}

async function noneRefused(): Promise<void> {
  for (const name of ['caller', 'details']) {
    const { admin } = await sidecarOf(name);
    assert.doesNotMatch((await httpGet(`http://${admin}/stats?filter=update_rejected`)).body, /: [1-9]/);
  }
}

async function created(kind: string, apiVersion: string, spec: object, name = 'test') {
  const file = join(tmpdir(), `${process.pid}-${kind}-${name}.yaml`);
  writeFileSync(file, JSON.stringify({ apiVersion, kind, metadata: { name }, spec }));
  return { ...(await mesh.istioctl('create', '-f', file)), file };
}

/** An object for a while. */
async function object(kind: string, apiVersion: string, spec: object, name = 'test'): Promise<AsyncDisposable> {
  const { code, stderr, file } = await created(kind, apiVersion, spec, name);
  assert.equal(code, 0, stderr);
  return {
    async [Symbol.asyncDispose]() {
      const deleted = await mesh.istioctl('delete', '-f', file);
      rmSync(file);
      assert.equal(deleted.code, 0, deleted.stderr);
    },
  };
}

function workloads(): string {
  const command = ['node', join(root, 'test/support/recording-app.ts')];
  return ['caller', 'details'].map((name) => meshApp({ name, command, port: 9080 })).join('---\n');
}
