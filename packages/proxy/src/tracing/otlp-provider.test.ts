import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import { OpenTelemetryConfigSchema } from '@meltemi/api/envoy/config/trace/v3/opentelemetry_pb';
import { ExportTraceServiceRequestSchema } from '@meltemi/api/opentelemetry/proto/collector/trace/v1/trace_service_pb';
import { ManualClock, seededDice } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { staticCluster, testClusters } from '../cluster/test-clusters.ts';
import { otlpProvider } from './otlp-provider.ts';
import type { FinishedSpan } from './span.ts';

const span: FinishedSpan = {
  context: {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentId: undefined,
    sampled: true,
    state: '',
  },
  kind: 'server',
  name: 'ingress',
  startMs: 1000,
  durationMs: 1.5,
  tags: [['http.method', 'GET']],
  error: false,
  remoteParent: false,
  shared: false,
  localAddress: '127.0.0.1:80',
};

test('spans go by HTTP where that is configured, five at a time or after five seconds', async (context) => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { manager } = testClusters();
  context.after(() => manager.close());
  manager.addStatic([staticCluster('collector', [{ port: (server.address() as AddressInfo).port }])]);
  await manager.warm();
  const config = create(OpenTelemetryConfigSchema, {
    serviceName: 'reviews',
    httpService: {
      httpUri: {
        uri: 'http://collector.test/v1/traces',
        httpUpstreamType: { case: 'cluster', value: 'collector' },
        timeout: { seconds: 1n },
      },
      requestHeadersToAdd: [{ header: { key: 'X-Key', value: 'secret' } }],
    },
  });
  const clock = new ManualClock();
  const parts = { clusters: manager, stats: new StatsStore(), clock, dice: seededDice(1), node: undefined };
  const { reporter } = otlpProvider(config, parts);
  const heard: string[] = [];
  const next = async () => {
    const [request, response] = (await once(server, 'request')) as [IncomingMessage, { end(): void }];
    const bytes = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    response.end();
    const { resourceSpans } = fromBinary(ExportTraceServiceRequestSchema, bytes);
    const spans = resourceSpans[0]!.scopeSpans[0]!.spans;
    const { host, 'content-type': type, 'x-key': key } = request.headers;
    heard.push(`${request.url} ${host} ${type} ${String(key)} ${spans.length} ${spans[0]!.name}`);
  };
  const first = next();
  for (let index = 0; index < 6; index++) reporter.report(span);
  await first;
  const second = next();
  clock.advance(5000);
  await second;
  reporter.close();
  const line = (count: number) => `/v1/traces collector.test application/x-protobuf secret ${count} ingress`;
  assert.deepEqual(heard, [line(5), line(1)]);
});

test('what can’t be honoured is refused by name', () => {
  const { manager } = testClusters();
  const parts = {
    clusters: manager,
    stats: new StatsStore(),
    clock: new ManualClock(),
    dice: seededDice(1),
    node: undefined,
  };
  const refused = (init: Parameters<typeof create<typeof OpenTelemetryConfigSchema>>[1]) => () =>
    otlpProvider(create(OpenTelemetryConfigSchema, init), parts);
  assert.throws(refused({ sampler: { name: 'always' } }), /extension always is not supported/);
  assert.throws(refused({}), /grpc_service: it names no envoy_grpc/);
  assert.throws(refused({ httpService: {} }), /http_service has no http_uri with a cluster/);
});
