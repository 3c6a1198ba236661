// The environment of a pod's agent names its workload.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyEnvironment } from './proxy-environment.ts';

const POD = { podName: 'reviews-v1-0a1b2c3d-0', namespace: 'prod', labels: {}, annotations: {}, serviceAccount: 'a' };

test('names the workload, and what its ProxyConfig says', () => {
  const named = {
    ISTIO_META_WORKLOAD_NAME: 'reviews-v1',
    ISTIO_META_OWNER: 'kubernetes://apis/apps/v1/namespaces/prod/deployments/reviews-v1',
  };
  assert.deepEqual(proxyEnvironment(POD, {}), named);
  const config = { concurrency: 2, proxyMetadata: { GREETING: 'hello' } };
  assert.deepEqual(proxyEnvironment(POD, config), {
    ...named,
    ISTIO_METAJSON_PROXY_CONFIG: JSON.stringify(config),
    GREETING: 'hello',
  });
});
