// A real Zipkin sees one trace where a request passes two proxies, in each of its formats.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap, type RunningProxy, runProxy } from '@meltemi/proxy';
import { startZipkin } from '@meltemi/testkit';
import { freePorts } from './support/free-ports.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';

const TYPE = 'type.googleapis.com/envoy';
const jar = process.env['MELTEMI_ZIPKIN'];
const skip = jar ? false : 'MELTEMI_ZIPKIN names no Zipkin';

test('a request through two proxies is one trace of three spans', { skip, timeout: 120_000 }, async (context) => {
  const [zipkinPort, inboundPort, outboundPort] = (await freePorts(3)) as [number, number, number];
  const zipkin = await startZipkin(jar!, zipkinPort);
  context.after(() => zipkin.stop());
  const app = createServer((_request, response) => response.end('ok'));
  await once(app.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    app.close();
    app.closeAllConnections();
  });
  const appPort = (app.address() as AddressInfo).port;
  const proxies = [
    await start({ name: 'server', port: inboundPort, upstream: appPort, direction: 'INBOUND', format: 'HTTP_PROTO' }),
    await start({
      name: 'client',
      port: outboundPort,
      upstream: inboundPort,
      direction: 'OUTBOUND',
      format: 'HTTP_JSON',
    }),
  ];
  context.after(() => Promise.all(proxies.map((proxy) => proxy.close())));

  async function start(place: Omit<Place, 'zipkinPort'>): Promise<RunningProxy> {
    return startProxy({ ...place, zipkinPort });
  }
  assert.equal((await httpGet(`http://127.0.0.1:${outboundPort}/hello`)).status, 200);
  const spans = await eventually(async () => {
    const [trace, ...others] = await zipkin.traces();
    assert.deepEqual([trace?.length, others.length], [3, 0]);
    return trace!;
  }, 30_000);
  const byService = Object.fromEntries(
    spans.map((span) => [`${span.localEndpoint.serviceName} ${span.kind}`, span] as const),
  );
  const { 'client SERVER': root, 'client CLIENT': call, 'server SERVER': served } = byService;
  assert.deepEqual(
    [root?.parentId, call?.parentId, served?.id, served?.parentId, call?.name],
    [undefined, root?.id, call?.id, call?.parentId, 'router next egress'],
  );
  assert.equal(served?.tags['http.url'], `http://127.0.0.1:${outboundPort}/hello`);
});

test('requests go on as ever while no collector is there', async (context) => {
  const [nowhere, port] = (await freePorts(2)) as [number, number];
  const app = createServer((_request, response) => response.end('ok'));
  await once(app.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    app.close();
    app.closeAllConnections();
  });
  const upstream = (app.address() as AddressInfo).port;
  const proxy = await startProxy({
    name: 'alone',
    port,
    upstream,
    direction: 'INBOUND',
    format: 'HTTP_JSON',
    zipkinPort: nowhere,
  });
  context.after(() => proxy.close());
  for (let index = 0; index < 20; index++) {
    assert.equal((await httpGet(`http://127.0.0.1:${port}/${index}`)).status, 200);
  }
  await eventually(async () => {
    const stats = (await httpGet(`http://127.0.0.1:${proxy.adminPort}/stats`)).body;
    assert.match(stats, /^tracing\.zipkin\.spans_dropped: 20$/m);
    assert.match(stats, /^tracing\.zipkin\.reports_dropped: 4$/m);
  });
});

interface Place {
  readonly name: string;
  readonly port: number;
  readonly upstream: number;
  readonly direction: 'INBOUND' | 'OUTBOUND';
  readonly format: 'HTTP_JSON' | 'HTTP_PROTO';
  readonly zipkinPort: number;
}

async function startProxy(place: Place): Promise<RunningProxy> {
  const proxy = await runProxy({
    bootstrap: await readBootstrap({ file: { name: 'test.yaml', text: JSON.stringify(bootstrapOf(place)) } }),
    clock: systemClock(),
    dice: seededDice(place.port),
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

function bootstrapOf({ name, port, upstream, direction, format, zipkinPort }: Place): JsonObject {
  const typedConfig: JsonObject = {
    '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: 'test',
    tracing: {
      spawnUpstreamSpan: direction === 'OUTBOUND',
      provider: {
        name: 'envoy.tracers.zipkin',
        typedConfig: {
          '@type': `${TYPE}.config.trace.v3.ZipkinConfig`,
          collectorCluster: 'zipkin',
          collectorEndpoint: '/api/v2/spans',
          collectorEndpointVersion: format,
          traceId128bit: true,
        },
      },
    },
    httpFilters: [
      {
        name: 'envoy.filters.http.router',
        typedConfig: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
      },
    ],
    routeConfig: {
      virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'next' } }] }],
    },
  };
  return {
    node: { id: name, cluster: name },
    admin: { address: address(0) },
    staticResources: {
      listeners: [
        {
          name,
          trafficDirection: direction,
          address: address(port),
          filterChains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig }] }],
        },
      ],
      clusters: [cluster('next', upstream), cluster('zipkin', zipkinPort)],
    },
  };
}

function cluster(name: string, port: number): JsonObject {
  const endpoints = [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }];
  return { name, type: 'STATIC', connectTimeout: '1s', loadAssignment: { clusterName: name, endpoints } };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
