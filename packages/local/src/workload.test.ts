// Deployments of a directory as the pods that should run on this machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '@meltemi/api';
import type { DeploymentSpec, ServiceSpec } from '@meltemi/config';
import { servicePorts, workloadsOf } from './workload.ts';

test('a pod a replica, with the service that selects it; a change of the template is another pod', () => {
  const services = [service('web', { app: 'web' })];
  const { workloads } = workloadsOf([deployment('web-v1', { app: 'web', version: 'v1' }, 2)], services);
  assert.deepEqual(
    workloads.map(({ name, service, version }) => ({ name, service, version })),
    [
      { name: 'web-v1-0', service: 'web', version: 'v1' },
      { name: 'web-v1-1', service: 'web', version: 'v1' },
    ],
  );
  const [before] = workloadsOf([deployment('web-v1', { app: 'web' })], services).workloads;
  const [after] = workloadsOf([deployment('web-v1', { app: 'web', extra: '1' })], services).workloads;
  assert.equal(before!.name, 'web-v1');
  assert.notEqual(before!.podName, after!.podName);
});

test('a Deployment without a command is said, with its place', () => {
  const spec: DeploymentSpec = { template: { spec: { containers: [{ name: 'web', image: 'nginx' }] } } };
  const { workloads, problems } = workloadsOf([resource('Deployment', 'web', spec)], []);
  assert.deepEqual(workloads, []);
  assert.equal(problems[0]!.code, 'MEL0201');
  assert.equal(problems[0]!.source!.file, 'web.yaml');
});

test("a service's ports go by its full name", () => {
  assert.deepEqual(servicePorts([service('web', {})], 'cluster.local'), [
    { name: 'web', namespace: 'default', host: 'web.default.svc.cluster.local', port: 80, portName: 'http' },
  ]);
});

function deployment(name: string, labels: Record<string, string>, replicas = 1): Resource<DeploymentSpec> {
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', command: ['web'] }] } };
  return resource('Deployment', name, { replicas, template });
}

function service(name: string, selector: Record<string, string>): Resource<ServiceSpec> {
  return resource('Service', name, { selector, ports: [{ name: 'http', port: 80 }] });
}

function resource<Spec>(kind: string, name: string, spec: Spec): Resource<Spec> {
  const metadata = {
    name,
    namespace: 'default',
    labels: {},
    annotations: {},
    resourceVersion: '',
    creationTimestamp: '',
  };
  return { apiVersion: 'v1', kind, metadata, spec, source: { file: `${name}.yaml`, line: 1, column: 1 } };
}
