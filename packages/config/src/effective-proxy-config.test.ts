// Which ProxyConfig a pod's proxy is started by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';
import { effectiveProxyConfig } from './effective-proxy-config.ts';
import type { LocatedResource } from './located-resource.ts';
import type { ProxyConfig } from './model/proxy-config.ts';

function config(name: string, namespace: string, spec: object): LocatedResource<ProxyConfig> {
  const object = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'ProxyConfig',
    metadata: { name, namespace },
    spec,
  };
  const [document] = parseDocuments(JSON.stringify(object), 'test.yaml').documents;
  const { resource, problems } = decodeResource(document!, 'default');
  assert.deepEqual(problems, []);
  return resource as LocatedResource<ProxyConfig>;
}

const CONFIGS = [
  config('mesh', 'istio-system', { concurrency: 1, environmentVariables: { A: 'mesh', B: 'mesh' } }),
  config('all', 'default', { environmentVariables: { B: 'namespace' }, image: { imageType: 'distroless' } }),
  config('some', 'default', { selector: { matchLabels: { app: 'a' } }, concurrency: 4 }),
];

function effective(namespace: string, app: string, annotation?: string) {
  const annotations: Record<string, string> = annotation === undefined ? {} : { 'proxy.istio.io/config': annotation };
  const pod = { namespace, labels: { app }, annotations, rootNamespace: 'istio-system' };
  return effectiveProxyConfig(CONFIGS, pod, { tracing: { sampling: 5 } });
}

test('the nearest stands before the others, variables are joined', () => {
  const tracing = { sampling: 5 };
  const image = { imageType: 'distroless' };
  assert.deepEqual(effective('other', 'a'), { tracing, concurrency: 1, proxyMetadata: { A: 'mesh', B: 'mesh' } });
  const wide = { tracing, image, concurrency: 1, proxyMetadata: { A: 'mesh', B: 'namespace' } };
  assert.deepEqual(effective('default', 'b'), wide);
  assert.deepEqual(effective('default', 'a'), { ...wide, concurrency: 4 });
  assert.deepEqual(effective('default', 'a', 'concurrency: 8\nproxyMetadata: {C: pod}'), {
    ...wide,
    concurrency: 8,
    proxyMetadata: { ...wide.proxyMetadata, C: 'pod' },
  });
});

test('an annotation that cannot be read says nothing', () => {
  for (const wrong of ['concurrency: many', '{', '7']) assert.equal(effective('default', 'a', wrong).concurrency, 4);
});
