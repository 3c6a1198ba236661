import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { text } from 'node:stream/consumers';
import { type ProxySetup, type ProxyUnderTest, startProxy, startServer } from '../proxy-under-test.ts';
import { PEER_ID, PEER_METADATA } from './peer-headers.ts';

/** As istiod sends configuration of filters that stock Envoy doesn't know. */
function struct(name: string, typeUrl: string, value: object): object {
  return {
    name,
    typed_config: {
      '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
      type_url: `type.googleapis.com/${typeUrl}`,
      value,
    },
  };
}

const stats = (config: object = {}) => struct('istio.stats', 'stats.PluginConfig', config);
const METADATA = 'io.istio.http.peer_metadata.Config';
const ASKS_CLIENT = struct('istio.metadata_exchange', METADATA, {
  downstream_discovery: [{ istio_headers: {} }, { workload_discovery: {} }],
  downstream_propagation: [{ istio_headers: {} }],
});
const TELLS_UPSTREAM = struct('istio.metadata_exchange', METADATA, {
  upstream_discovery: [{ istio_headers: {} }, { workload_discovery: {} }],
  upstream_propagation: [{ istio_headers: {} }],
});

function node(name: string, version: string): object {
  const labels = { app: name, version, 'service.istio.io/canonical-name': name };
  const metadata = {
    NAME: `${name}-1`,
    NAMESPACE: 'demo',
    WORKLOAD_NAME: `${name}-${version}`,
    CLUSTER_ID: 'Kubernetes',
  };
  return { id: `sidecar~${name}`, metadata: { ...metadata, LABELS: labels } };
}

const SERVICE = {
  metadata: { filter_metadata: { istio: { services: [{ host: 'b.demo.svc', name: 'b', namespace: 'demo' }] } } },
};

async function proxy(context: TestContext, setup: ProxySetup): Promise<ProxyUnderTest> {
  const started = await startProxy(setup);
  context.after(() => started.close());
  return started;
}

function send(
  port: number,
  headers: Record<string, string> = {},
): Promise<{ headers: IncomingHttpHeaders; status: number }> {
  const answered = Promise.withResolvers<{ headers: IncomingHttpHeaders; status: number }>();
  request({ port, host: '127.0.0.1', path: '/x', headers: { host: 'b', ...headers }, agent: false })
    .once('error', answered.reject)
    .once('response', (response) => {
      text(response).then(
        () => answered.resolve({ headers: response.headers, status: response.statusCode! }),
        answered.reject,
      );
    })
    .end();
  return answered.promise;
}

/** The labels and value of a metric's one line. */
async function metric(
  { admin }: ProxyUnderTest,
  name: string,
): Promise<{ labels: Record<string, string>; value: number }[]> {
  const page = await (await fetch(`${admin}/stats/prometheus`)).text();
  const lines = page.split('\n').filter((line) => line.startsWith(`${name}{`));
  return lines.map((line) => ({
    labels: Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label!, value!])),
    value: Number(line.slice(line.lastIndexOf(' ') + 1)),
  }));
}

test('two sidecars tell each other who they are, and both count the request with its two ends', async (context) => {
  const seen: IncomingHttpHeaders[] = [];
  const app = await startServer((incoming, response) => {
    seen.push(incoming.headers);
    response.end('hello');
  });
  context.after(() => app.close());
  const b = await proxy(context, {
    ports: [app.port],
    cluster: SERVICE,
    filters: [ASKS_CLIENT, stats()],
    listener: { traffic_direction: 'INBOUND' },
    node: node('b', 'v2'),
  });
  const a = await proxy(context, {
    ports: [b.port],
    cluster: SERVICE,
    filters: [TELLS_UPSTREAM, stats()],
    listener: { traffic_direction: 'OUTBOUND' },
    node: node('a', 'v1'),
  });
  for (let sent = 0; sent < 3; sent++) {
    const { headers } = await send(a.port);
    assert.equal(headers[PEER_ID], undefined);
    assert.equal(headers[PEER_METADATA], undefined);
  }
  assert.deepEqual([seen[0]![PEER_ID], seen[0]![PEER_METADATA]], [undefined, undefined]);
  const common = {
    source_workload: 'a-v1',
    source_workload_namespace: 'demo',
    source_canonical_service: 'a',
    source_app: 'a',
    source_version: 'v1',
    source_cluster: 'Kubernetes',
    source_principal: 'unknown',
    destination_workload: 'b-v2',
    destination_workload_namespace: 'demo',
    destination_canonical_service: 'b',
    destination_app: 'b',
    destination_version: 'v2',
    destination_service: 'b.demo.svc',
    destination_service_name: 'b',
    destination_service_namespace: 'demo',
    destination_cluster: 'Kubernetes',
    request_protocol: 'http',
    response_code: '200',
    response_flags: '-',
  };
  for (const [side, reporter, policy] of [
    [a, 'source', 'unknown'],
    [b, 'destination', 'none'],
  ] as const) {
    const [line, ...others] = await metric(side, 'istio_requests_total');
    assert.deepEqual(others, []);
    assert.equal(line!.value, 3);
    const wanted = { ...common, reporter, connection_security_policy: policy };
    assert.deepEqual({ ...line!.labels, ...wanted }, line!.labels);
    const [count] = await metric(side, 'istio_request_duration_milliseconds_count');
    assert.equal(count!.value, 3);
    const [bytes] = await metric(side, 'istio_response_bytes_sum');
    assert.equal(bytes!.value, 15);
  }
});

test('a client is told who answered only where it asked', async (context) => {
  const app = await startServer((_incoming, response) => response.end());
  context.after(() => app.close());
  const b = await proxy(context, { ports: [app.port], filters: [ASKS_CLIENT], node: node('b', 'v1') });
  assert.equal((await send(b.port)).headers[PEER_ID], undefined);
  const { headers } = await send(b.port, { [PEER_ID]: 'a', [PEER_METADATA]: '' });
  assert.equal(headers[PEER_ID], 'sidecar~b');
  assert.ok((headers[PEER_METADATA] ?? '').length > 20);
});

test('labels by expression, without some, and without a metric; a bad expression refuses the listener', async (context) => {
  const app = await startServer((_incoming, response) => response.end());
  context.after(() => app.close());
  const config = {
    metrics: [
      { name: 'requests_total', dimensions: { method: 'request.method', who: "request.headers['x-user']" } },
      { tags_to_remove: ['response_flags'] },
      { name: 'request_bytes', drop: true },
    ],
  };
  const a = await proxy(context, {
    ports: [app.port],
    filters: [stats(config)],
    listener: { traffic_direction: 'OUTBOUND' },
  });
  await send(a.port, { 'x-user': 'ann' });
  await send(a.port);
  const lines = await metric(a, 'istio_requests_total');
  assert.deepEqual(
    new Set(lines.map(({ labels }) => `${labels['method']} ${labels['who']}`)),
    new Set(['GET ann', 'GET unknown']),
  );
  assert.equal(lines[0]!.labels['response_flags'], undefined);
  assert.deepEqual(await metric(a, 'istio_request_bytes_count'), []);
  await assert.rejects(
    startProxy({ filters: [stats({ metrics: [{ dimensions: { x: 'request.' } }] })] }),
    /tag x: request\./,
  );
});
