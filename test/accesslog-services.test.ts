// Logs to services: records of OTLP are as a real Envoy's, and a service that is away costs records and nothing else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap, type RunningProxy, runProxy } from '@meltemi/proxy';
import { startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { type LogCollector, startLogCollector } from './support/log-collector.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

let collector: LogCollector;
before(async () => void (collector = await startLogCollector()));
after(() => collector.close());

const text = (stringValue: string): JsonObject => ({ stringValue });

function otlpLog(): JsonObject {
  return {
    name: 'otlp',
    typedConfig: {
      '@type': `${TYPE}.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig`,
      commonConfig: commonConfig('0.1s'),
      body: text('%REQ(:METHOD)% "%PATH%" %RESPONSE_CODE%'),
      attributes: {
        values: [
          { key: 'code', value: text('%RESPONSE_CODE%') },
          { key: 'agent', value: text('%REQ(USER-AGENT)%') },
          { key: 'list', value: { arrayValue: { values: [text('%PROTOCOL%'), text('fixed')] } } },
        ],
      },
      resourceAttributes: { values: [{ key: 'team', value: text('blue') }] },
    },
  };
}

function streamLog(): JsonObject {
  return {
    name: 'als',
    typedConfig: {
      '@type': `${TYPE}.access_loggers.grpc.v3.HttpGrpcAccessLogConfig`,
      commonConfig: { ...commonConfig('0.02s'), bufferSizeBytes: 200 },
    },
  };
}

function commonConfig(bufferFlushInterval: string): JsonObject {
  return {
    logName: 'test-log',
    transportApiVersion: 'V3',
    grpcService: { envoyGrpc: { clusterName: 'collector' } },
    bufferFlushInterval,
  };
}

test('records of OTLP are as a real Envoy sends them', { skip, timeout: 60_000 }, async () => {
  const heard = async (start: (bootstrap: JsonObject) => Promise<{ stop(): Promise<unknown> }>) => {
    const [port] = (await freePorts(1)) as [number];
    collector.logs.length = 0;
    const running = await start(bootstrapOf(port, collector.port, otlpLog()));
    try {
      await httpGet(`http://127.0.0.1:${port}/a?b`, { 'user-agent': 'say "hi"' });
      return await eventually(async () => {
        assert.equal(collector.logs.length, 1);
        return withoutTimes(collector.logs[0]!);
      });
    } finally {
      await running.stop();
    }
  };
  const envoys = await heard(startEnvoy);
  const ours = await heard(async (bootstrap) => {
    const proxy = await startOurs(bootstrap);
    return { stop: () => proxy.close() };
  });
  assert.deepEqual(ours, envoys);
});

test('entries of TCP connections are as a real Envoy sends them', { skip, timeout: 60_000 }, async () => {
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const heard = async (start: (bootstrap: JsonObject) => Promise<{ stop(): Promise<unknown> }>) => {
    const [port] = (await freePorts(1)) as [number];
    collector.streamed.length = 0;
    const running = await start(tcpBootstrapOf(port, (echo.address() as AddressInfo).port));
    try {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.end('hello');
      await once(socket.resume(), 'close');
      return await eventually(async () => {
        assert.equal(collector.streamed.length, 1);
        return withoutVariable(collector.streamed[0]!);
      });
    } finally {
      await running.stop();
    }
  };
  const envoys = await heard(startEnvoy);
  const ours = await heard(async (bootstrap) => {
    const proxy = await startOurs(bootstrap);
    return { stop: () => proxy.close() };
  });
  echo.close();
  assert.deepEqual(ours, envoys);
});

test('records for a service that is away are dropped within bounds, and counted', async (context) => {
  const [port, nowhere] = (await freePorts(2)) as [number, number];
  const proxy = await startOurs(bootstrapOf(port, nowhere, streamLog()));
  context.after(() => proxy.close());
  for (let index = 0; index < 10; index++) {
    assert.equal((await httpGet(`http://127.0.0.1:${port}/${index}`)).status, 200);
  }
  await eventually(async () => {
    const stats = (await httpGet(`http://127.0.0.1:${proxy.adminPort}/stats`)).body;
    assert.match(stats, /^access_logs\.grpc_access_log\.logs_written: 10$/m);
    assert.match(stats, /^access_logs\.grpc_access_log\.logs_dropped: 10$/m);
    assert.match(stats, /^cluster\.collector\.upstream_cx_connect_fail: [1-9]\d*$/m);
  });
});

function withoutTimes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) =>
      /[tT]imeUnixNano$/.test(key) ? [] : [[key, withoutTimes(member)]],
    ),
  );
}

/** The entries alone; times, ports and identifiers differ by nature, and bytes on the wire are not counted here. */
function withoutVariable(message: JsonValue): JsonValue {
  const strip = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null) return value;
    const kept = Object.entries(value).filter(
      ([key]) => !/^(?:portValue|startTime|duration|timeTo.*|streamId|.*WireBytes.*)$/.test(key),
    );
    return Object.fromEntries(kept.map(([key, member]) => [key, strip(member)]));
  };
  return strip((message as JsonObject)['tcpLogs'] ?? null);
}

async function startOurs(bootstrap: JsonObject): Promise<RunningProxy> {
  const proxy = await runProxy({
    bootstrap: await readBootstrap({ file: { name: 'test.yaml', text: JSON.stringify(bootstrap) } }),
    clock: systemClock(),
    dice: seededDice(1),
    logger: silentLogger,
    drainTimeMs: 0,
    concurrency: 1,
    logLevel: { level: 'none' },
    hostname: 'test',
    version: 'test',
  });
  await proxy.ready;
  return proxy;
}

function tcpBootstrapOf(port: number, upstream: number): JsonObject {
  const typedConfig: JsonObject = {
    '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
    statPrefix: 'test',
    cluster: 'echo',
    accessLog: [
      {
        name: 'als',
        typedConfig: {
          '@type': `${TYPE}.access_loggers.grpc.v3.TcpGrpcAccessLogConfig`,
          commonConfig: commonConfig('0.05s'),
        },
      },
    ],
  };
  return {
    node: { id: 'node-id', cluster: 'node-cluster' },
    staticResources: {
      listeners: [
        {
          name: 'tcp',
          address: address(port),
          filterChains: [{ filters: [{ name: 'envoy.filters.network.tcp_proxy', typedConfig }] }],
        },
      ],
      clusters: [cluster('echo', upstream), { ...cluster('collector', collector.port), http2ProtocolOptions: {} }],
    },
  };
}

function cluster(name: string, port: number): JsonObject {
  const endpoints = [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }];
  return { name, type: 'STATIC', connectTimeout: '1s', loadAssignment: { clusterName: name, endpoints } };
}

function bootstrapOf(port: number, collectorPort: number, log: JsonObject): JsonObject {
  const typedConfig: JsonObject = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: 'test',
    accessLog: [log],
    httpFilters: [
      { name: 'envoy.filters.http.router', typedConfig: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
    ],
    routeConfig: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, directResponse: { status: 200, body: { inlineString: 'ok' } } }],
        },
      ],
    },
  };
  return {
    node: { id: 'node-id', cluster: 'node-cluster', locality: { zone: 'zone-1' } },
    admin: { address: address(0) },
    staticResources: {
      listeners: [
        {
          name: 'http',
          address: address(port),
          filterChains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig }] }],
        },
      ],
      clusters: [{ ...cluster('collector', collectorPort), http2ProtocolOptions: {} }],
    },
  };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
