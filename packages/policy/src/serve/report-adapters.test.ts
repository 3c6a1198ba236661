// Metrics on their way out of Mixer: reports on the wire → Prometheus' text, and packets to a StatsD daemon.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'node:test';

import { MAX_SERIES } from '../adapters/metric-family.ts';
import { encodeReports } from '../attributes/delta-report.ts';
import { duration, type Value } from '../values/value.ts';

import { type MixerWorld, mixerWorld } from './mixer-world.fixture.ts';

const METRICS = `
apiVersion: config.istio.io/v1alpha2
kind: metric
metadata: {name: requestcount, namespace: istio-system}
spec: {value: '1', dimensions: {path: request.path | "", code: response.code | 200}}
---
apiVersion: config.istio.io/v1alpha2
kind: metric
metadata: {name: requestduration, namespace: istio-system}
spec: {value: response.duration, dimensions: {path: request.path | ""}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: metrics, namespace: istio-system}
spec: {actions: [{handler: handler.HANDLER, instances: [requestcount.metric, requestduration.metric]}]}
---
apiVersion: config.istio.io/v1alpha2
metadata: {name: handler, namespace: istio-system}
`;

const PROMETHEUS = `${METRICS.replace('HANDLER', 'prometheus')}kind: prometheus
spec:
  metrics:
  - {name: requests_total, instance_name: requestcount.metric.istio-system, kind: COUNTER, label_names: [path, code]}
  - name: request_duration_seconds
    instance_name: requestduration.metric.istio-system
    kind: DISTRIBUTION
    label_names: [path]
    buckets: {explicit_buckets: {bounds: [0.1, 1]}}
`;

async function report(mixer: MixerWorld, requests: readonly Readonly<Record<string, Value>>[]): Promise<void> {
  for (const message of encodeReports(requests.map((request) => new Map(Object.entries(request))))) {
    await mixer.report(message);
  }
}

async function scrape(mixer: MixerWorld): Promise<string> {
  return (await fetch(`http://127.0.0.1:${mixer.server.prometheusPort}/metrics`)).text();
}

const request = (path: string, ms: bigint) => ({
  'request.path': path,
  'response.duration': duration(ms * 1_000_000n),
});

test('metrics are scraped with their labels, durations in seconds', async () => {
  await using mixer = await mixerWorld(PROMETHEUS);
  await report(mixer, [request('/a', 50n), request('/a', 500n), request('/"b"', 5000n)]);
  assert.equal(
    await scrape(mixer),
    `# HELP istio_request_duration_seconds request_duration_seconds
# TYPE istio_request_duration_seconds histogram
istio_request_duration_seconds_bucket{path="/a",le="0.1"} 1
istio_request_duration_seconds_bucket{path="/a",le="1"} 2
istio_request_duration_seconds_bucket{path="/a",le="+Inf"} 2
istio_request_duration_seconds_sum{path="/a"} 0.55
istio_request_duration_seconds_count{path="/a"} 2
istio_request_duration_seconds_bucket{path="/\\"b\\"",le="0.1"} 0
istio_request_duration_seconds_bucket{path="/\\"b\\"",le="1"} 0
istio_request_duration_seconds_bucket{path="/\\"b\\"",le="+Inf"} 1
istio_request_duration_seconds_sum{path="/\\"b\\""} 5
istio_request_duration_seconds_count{path="/\\"b\\""} 1
# HELP istio_requests_total requests_total
# TYPE istio_requests_total counter
istio_requests_total{path="/a",code="200"} 2
istio_requests_total{path="/\\"b\\"",code="200"} 1
`,
  );
});

test('a metric that is defined as before counts on when others of its handler change', async () => {
  await using mixer = await mixerWorld(PROMETHEUS);
  await report(mixer, [request('/a', 50n)]);
  await mixer.rewrite(PROMETHEUS.replace('[0.1, 1]', '[0.1, 2]'));
  await report(mixer, [request('/a', 50n)]);
  const text = await scrape(mixer);
  assert.match(text, /^istio_requests_total\{path="\/a",code="200"\} 2$/m);
  assert.match(text, /^istio_request_duration_seconds_count\{path="\/a"\} 1$/m);
});

test('series beyond the limit are refused and counted', async () => {
  await using mixer = await mixerWorld(PROMETHEUS);
  const requests = Array.from({ length: MAX_SERIES + 5 }, (_, index) => request(`/${index}`, 1n));
  await report(mixer, requests);
  await report(mixer, [request('/0', 1n)]);
  const text = await scrape(mixer);
  assert.equal(text.match(/^istio_requests_total\{/gm)?.length, MAX_SERIES);
  assert.match(text, /^mixer_prometheus_values_refused_total\{metric="istio_requests_total"\} 5$/m);
  assert.match(text, /^istio_requests_total\{path="\/0",code="200"\} 2$/m);
});

test('series without values are forgotten where the handler says so', async () => {
  await using mixer = await mixerWorld(`${PROMETHEUS}  metricsExpirationPolicy: {metricsExpiryDuration: 60s}\n`);
  await report(mixer, [request('/a', 1n)]);
  mixer.clock.advance(40_000);
  await report(mixer, [request('/b', 1n)]);
  mixer.clock.advance(40_000);
  assert.deepEqual((await scrape(mixer)).match(/^istio_requests_total.*$/gm), [
    'istio_requests_total{path="/b",code="200"} 1',
  ]);
});

test('StatsD gets lines in packets', async () => {
  const daemon = createSocket('udp4').bind(0, '127.0.0.1');
  await once(daemon, 'listening');
  const { port } = daemon.address();
  await using mixer = await mixerWorld(`${METRICS.replace('HANDLER', 'statsd')}kind: statsd
spec:
  address: localhost:${port}
  prefix: mesh
  metrics:
    requestcount.metric.istio-system: {type: COUNTER, name_template: 'requests-{{.path}}-{{ .code }}'}
    requestduration.metric.istio-system: {type: DISTRIBUTION}
`);
  assert.deepEqual(mixer.server.policy.current.problems, []);
  const packet = once(daemon, 'message');
  await report(mixer, [request('/a:1|c', 1500n)]);
  mixer.clock.advance(300);
  const [bytes] = (await packet) as [Buffer];
  assert.equal(bytes.toString(), 'mesh.requests-/a_1_c-200:1|c\nmesh.requestduration.metric.istio-system:1500|ms\n');
  daemon.close();
});
