import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import { registryOf } from '@meltemi/api';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { ApiConfigSource_ApiType } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options as httpOptions } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { bootstrap, type BootstrapOptions } from './bootstrap.ts';

const options: BootstrapOptions = {
  role: 'sidecar',
  podName: 'reviews-1',
  podNamespace: 'default',
  serviceAccount: 'bookinfo-reviews',
  ip: '127.0.0.1',
  domain: 'default.svc.cluster.local',
  serviceCluster: 'reviews.default',
  clusterId: 'Kubernetes',
  labels: { app: 'reviews', version: 'v1' },
  adminPort: 15000,
  xdsSocket: '/tmp/agent/XDS',
  sdsSocket: '/tmp/agent/SDS',
  delta: true,
};

test('names the workload, the sockets and what it asks for', () => {
  const registry = registryOf(httpOptions);
  const message = fromJson(BootstrapSchema, bootstrap(options) as never, { registry });
  const ads = message.dynamicResources?.adsConfig;
  assert.deepEqual(
    {
      id: message.node?.id,
      cluster: message.node?.cluster,
      metadata: message.node?.metadata,
      apiType: ads?.apiType,
      clusters: message.staticResources?.clusters.map(({ name }) => name),
    },
    {
      id: 'sidecar~127.0.0.1~reviews-1.default~default.svc.cluster.local',
      cluster: 'reviews.default',
      metadata: {
        NAME: 'reviews-1',
        NAMESPACE: 'default',
        SERVICE_ACCOUNT: 'bookinfo-reviews',
        LABELS: { app: 'reviews', version: 'v1' },
        CLUSTER_ID: 'Kubernetes',
        INSTANCE_IPS: '127.0.0.1',
        INTERCEPTION_MODE: 'NONE',
      },
      apiType: ApiConfigSource_ApiType.DELTA_GRPC,
      clusters: ['xds-grpc', 'sds-grpc'],
    },
  );
});

const envoy = findEnvoy();
for (const delta of [true, false]) {
  const skip = envoy ? false : 'no envoy in MELTEMI_ENVOY or PATH';
  test(`Envoy takes it (${delta ? 'delta' : 'state of the world'})`, { skip }, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'mesh-bootstrap-'));
    t.after(() => rm(directory, { recursive: true }));
    const path = join(directory, 'bootstrap.json');
    await writeFile(path, JSON.stringify(bootstrap({ ...options, delta })));
    execFileSync(envoy!, ['--mode', 'validate', '-c', path, '-l', 'error'], { stdio: 'pipe' });
  });
}

function findEnvoy(): string | undefined {
  const named = process.env['MELTEMI_ENVOY'] ?? 'envoy';
  return spawnSync(named, ['--version']).status === 0 ? named : undefined;
}
