// What is drawn: cards that keep their places, edges by what passed, objects with what is wrong with them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrometheus } from '@meltemi/telemetry';
import type { MeshMembers, MeshWorkload } from '../mesh-source.ts';
import { countSamples } from '../traffic/count-samples.ts';
import { TrafficStore } from '../traffic/traffic-store.ts';
import { configView } from './config-view.ts';
import { graphView } from './mesh-view.ts';
import { serviceDetailView } from './service-detail-view.ts';

const workload = (name: string, service: string, kind: MeshWorkload['kind'] = 'workload'): MeshWorkload => ({
  name,
  namespace: 'default',
  service,
  version: 'v1',
  pod: `${name}-0`,
  kind,
  state: 'running',
  admin: '',
  outbound: {},
});
const MEMBERS: MeshMembers = {
  workloads: [workload('a-v1', 'a'), workload('b-v1', 'b'), workload('gate', 'gate', 'gateway')],
  controlPlane: { http: '', metrics: '' },
  problems: [],
  configDirectory: '/config',
  stateDirectory: '/config/.mesh',
};

interface Sample {
  readonly from?: string;
  readonly to?: string;
  readonly service?: string;
  readonly code?: string;
}

function traffic(samples: readonly Sample[]): TrafficStore {
  const lines = samples.map(
    ({ from = 'a-v1', to = 'b-v1', service = 'b', code = '200' }) =>
      `istio_requests_total{reporter="source",source_workload="${from}",source_workload_namespace="default",` +
      `destination_workload="${to}",destination_workload_namespace="${to === 'unknown' ? to : 'default'}",` +
      `destination_service="${service}.default.svc.cluster.local",destination_service_name="${service}",` +
      `destination_service_namespace="default",response_code="${code}"} 10`,
  );
  const store = new TrafficStore();
  store.add({ time: 10_000, seconds: 10 }, countSamples(parsePrometheus(lines.join('\n'))));
  return store;
}

test('an edge leads from workload to workload, by its rate and health', () => {
  const view = graphView(MEMBERS, traffic([{}, { code: '503' }]), 10_000);
  assert.deepEqual(
    view.services.map(({ id }) => id),
    ['default/a', 'default/b', 'default/gate'],
  );
  const [edge] = view.edges;
  assert.deepEqual(
    [edge!.from, edge!.to],
    [
      { service: 'default/a', workload: 'a-v1' },
      { service: 'default/b', workload: 'b-v1' },
    ],
  );
  assert.deepEqual(
    [edge!.traffic.requestsPerSecond, edge!.traffic.errorShare, edge!.traffic.health],
    [2, 0.5, 'failing'],
  );
  assert.equal(view.services[1]!.workloads[0]!.traffic.requestsPerSecond, 2);
  assert.equal(graphView(MEMBERS, traffic([{}]), 30_000).edges[0]!.traffic.health, 'idle');
});

test('requests that reached no workload lead to the service, and those to elsewhere to a card of their own', () => {
  const store = traffic([
    { to: 'unknown', code: '503' },
    { to: 'unknown', service: 'elsewhere' },
    { from: 'unknown' },
    { from: 'gate' },
  ]);
  const { edges, services } = graphView(MEMBERS, store, 10_000);
  assert.deepEqual(
    edges.map(({ from, to }) => `${from.service} ${from.workload} > ${to.service} ${to.workload}`).sort(),
    [
      'default/a a-v1 > default/b ',
      'default/a a-v1 > elsewhere.default.svc.cluster.local ',
      'default/gate gate > default/b b-v1',
      'outside  > default/b b-v1',
    ],
  );
  const kinds = Object.fromEntries(services.map(({ id, kind }) => [id, kind]));
  assert.equal(kinds['elsewhere.default.svc.cluster.local'], 'external');
  assert.equal(kinds['outside'], 'outside');
  assert.equal(services.find(({ id }) => id === 'default/gate')!.traffic.requestsPerSecond, 1);
});

test('a service is shown with its history and both sides of it', () => {
  const store = traffic([{}, { code: '500' }]);
  const graph = graphView(MEMBERS, store, 10_000);
  const detail = serviceDetailView('default/b', graph, MEMBERS, store)!;
  assert.deepEqual(detail.points, [
    { time: 10_000, requestsPerSecond: 2, errorsPerSecond: 1, bytesPerSecond: 0, p50Ms: null, p99Ms: null },
  ]);
  assert.deepEqual(detail.responses, [
    { code: '200', perSecond: 1 },
    { code: '500', perSecond: 1 },
  ]);
  assert.deepEqual([detail.callers.length, detail.callees.length], [1, 0]);
  assert.equal(serviceDetailView('default/none', graph, MEMBERS, store), undefined);
});

test('configuration shows each object with its state and place, and who has taken it', () => {
  const object = (name: string, source: string) => ({ kind: 'Gateway', metadata: { namespace: 'n', name }, source });
  const problem = (name: string, severity: 'error' | 'warning') => ({
    severity,
    code: 'MEL0001',
    message: 'wrong',
    resource: { kind: 'Gateway', namespace: 'n', name },
    source: { file: '/config/a.yaml', line: 3, column: 1 },
  });
  const said = {
    objects: [
      object('good', '/config/a.yaml:1'),
      object('warned', '/config/a.yaml:2'),
      object('own', '/config/.mesh/x.yaml:1'),
    ],
    problems: [
      problem('warned', 'warning'),
      problem('refused', 'error'),
      { severity: 'info' as const, code: 'X', message: 'of none' },
    ],
    proxies: [
      { proxy: 'a-v1-0.default', resources: { CDS: { sent: '2', acked: '2' } } },
      { proxy: 'b-v1-0.default', resources: { CDS: { sent: '2', acked: '1', lastError: { message: 'no' } } } },
    ],
  };
  const view = configView(said, MEMBERS, true);
  assert.deepEqual(
    view.objects.map(({ name, state, place }) => [name, state, place]),
    [
      ['good', 'active', 'a.yaml:1'],
      ['refused', 'refused', 'a.yaml:3:1'],
      ['warned', 'warning', 'a.yaml:2'],
    ],
  );
  assert.deepEqual(
    view.problems.map(({ message }) => message),
    ['of none'],
  );
  assert.deepEqual(
    view.sidecars.map(({ name, state, error }) => [name, state, error]),
    [
      ['a-v1', 'synced', ''],
      ['b-v1', 'refused', 'no'],
      ['gate', 'not connected', ''],
    ],
  );
});
