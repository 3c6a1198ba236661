// What the dashboards ask for is there: a real Prometheus scrapes a running mesh, and answers every query.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseSocketAddress } from '@meltemi/base';
import { type RunningPrometheus, startPrometheus } from '@meltemi/testkit';
import { freePorts } from './support/free-ports.ts';
import { eventually, httpGet, type MeshUnderTest, root, startMesh } from './support/mesh-under-test.ts';
import { askedMetrics } from './support/promql.ts';

interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
}

const program = process.env['MELTEMI_PROMETHEUS'];
const folder = join(root, 'dashboards');
const dashboards = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard);

/** What a person might choose. */
const CHOSEN: Readonly<Record<string, string>> = {
  $__rate_interval: '20s',
  $service: 'ratings.default.svc.cluster.local',
  $client: '.*',
  $namespace: 'default',
  $workload: 'productpage-v1',
};
/** TCP goes elsewhere. */
const OF_BYTES = { ...CHOSEN, $workload: 'bytes' };

test('there is one for the mesh, a service, a workload and the control plane', () => {
  assert.deepEqual(dashboards.map(({ title }) => title).sort(), ['Control plane', 'Mesh', 'Service', 'Workload']);
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, 4);
});

test('the reader of queries sees what they ask for', () => {
  const query = 'sum by (a, b) (rate(m{c="1",d=~"x"}[5m])) / on (a) count by (e) (n) + o';
  const seen = askedMetrics(query).map(({ metric, labels }) => [metric, ...labels]);
  assert.deepEqual(seen, [['m', 'a', 'b', 'c', 'd'], ['n', 'e'], ['o']]);
  assert.throws(() => askedMetrics('sum by (a (m)'), SyntaxError);
});

describe(
  'in a running mesh',
  { skip: program ? false : 'MELTEMI_PROMETHEUS names no Prometheus', timeout: 150_000 },
  () => {
    let mesh: MeshUnderTest;
    let prometheus: RunningPrometheus;
    let traffic: ReturnType<typeof setInterval>;
    before(async () => {
      const [port] = (await freePorts(1)) as [number];
      mesh = await startMesh({ workloads: workloads() });
      // A change, for the metrics of changes.
      writeFileSync(join(mesh.directory, 'fault.yaml'), FAULT);
      const { console, ingress } = await mesh.status();
      prometheus = await startPrometheus({ program: program!, port, targets: `${console}/api/prometheus/targets` });
      traffic = setInterval(() => {
        void httpGet(`${ingress.url}/productpage`).catch(() => {});
        void sendBytes(ingress.ports['9001']).catch(() => {});
      }, 250);
      await eventually(
        () => answersAll('istio_requests_total{response_code="500"} and istio_requests_total offset 5s'),
        40_000,
      );
    });
    after(async () => {
      clearInterval(traffic);
      await prometheus.stop();
      await mesh.close();
    });

    async function answersAll(expr: string): Promise<void> {
      const { result } = (await prometheus.ask('query', { query: expr })) as { result: readonly unknown[] };
      assert.ok(result.length > 0, `no answer to ${expr}`);
    }

    for (const { title, panels, templating } of dashboards) {
      test(`every query of "${title}" names what exists, and is answered`, async () => {
        const queries = panels.flatMap(({ targets = [] }) => targets);
        assert.ok(queries.length > 5);
        for (const { expr, legendFormat } of queries) {
          const chosen = expr.includes('istio_tcp_') ? OF_BYTES : CHOSEN;
          const query = filled(expr, chosen);
          await existing(query, legendFormat);
          await eventually(() => answersAll(query), 15_000);
        }
        for (const { definition } of templating.list.filter(({ type }) => type === 'query')) await choices(definition!);
      });
    }

    /** Metrics that come with the first mishap alone. */
    const ONLY_AFTER_MISHAPS = new Set(['pilot_total_xds_rejects']);

    async function existing(query: string, legend: string): Promise<void> {
      const ofLegend = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      for (const { metric, labels } of askedMetrics(query)) {
        if (ONLY_AFTER_MISHAPS.has(metric)) continue;
        const known = await labelsOf(metric);
        const missing = [...labels, ...ofLegend].filter((label) => !known.has(label));
        assert.deepEqual(missing, [], `${metric} has no such labels: ${query}`);
      }
    }

    const seen = new Map<string, ReadonlySet<string>>();

    async function labelsOf(metric: string): Promise<ReadonlySet<string>> {
      const known = seen.get(metric);
      if (known) return known;
      const series = (await prometheus.ask('series', { 'match[]': metric })) as readonly Record<string, string>[];
      assert.ok(series.length > 0, `there is no metric ${metric}`);
      const labels = new Set(series.flatMap((labels) => Object.keys(labels)));
      seen.set(metric, labels);
      return labels;
    }

    async function choices(definition: string): Promise<void> {
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(filled(definition, CHOSEN))!;
      const values = await prometheus.ask(`label/${label}/values`, {}).catch(() => undefined);
      assert.notDeepEqual(values, [], definition);
      await answersAll(selector!);
    }
  },
);

function filled(text: string, chosen: Readonly<Record<string, string>>): string {
  return Object.entries(chosen).reduce((result, [name, value]) => result.replaceAll(name, value), text);
}

async function sendBytes(address: string | undefined): Promise<void> {
  const socket = connect({ ...parseSocketAddress(address!)! });
  socket.end('some bytes');
  socket.resume();
  await once(socket, 'close');
}

/** The sample, of which one call in two to ratings fails at its client, and bytes behind the gateway. */
function workloads(): string {
  const sample = ['bookinfo', 'bookinfo-gateway'].map((name) =>
    readFileSync(join(root, 'samples/bookinfo', `${name}.yaml`), 'utf8'),
  );
  return [...sample, bytes(join(root, 'test/support/bytes-app.ts'))].join('\n---\n');
}

const FAULT = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings}
spec:
  hosts: [ratings]
  http:
  - fault: {abort: {percentage: {value: 50}, httpStatus: 500}}
    route: [{destination: {host: ratings}}]
`;

const bytes = (app: string) => `
apiVersion: v1
kind: Service
metadata: {name: bytes}
spec: {ports: [{name: tcp, port: 9000}], selector: {app: bytes}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bytes}
spec:
  selector: {matchLabels: {app: bytes}}
  template:
    metadata: {labels: {app: bytes}}
    spec:
      containers:
      - {name: app, command: [node, ${app}, echo, v1], ports: [{containerPort: 9000}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: bytes}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 9001, name: tcp, protocol: TCP}, hosts: ['*']}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bytes}
spec:
  hosts: ['*']
  gateways: [bytes]
  tcp: [{route: [{destination: {host: bytes}}]}]
`;
