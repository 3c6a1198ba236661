// Our proxy takes part in traces as a real Envoy does: what it reads, what it hands on, and the spans that it reports.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap, runProxy } from '@meltemi/proxy';
import { startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { type LogCollector, startLogCollector } from './support/log-collector.ts';
import { eventually } from './support/mesh-under-test.ts';
import {
  byKey,
  describedSpans,
  letterOf,
  otlpSpans,
  type RawSpan,
  type SeenSpan,
  zipkinSpans,
} from './support/spans.ts';

const TYPE = 'type.googleapis.com/envoy';

interface Listener {
  readonly provider: 'zipkin' | 'zipkin-w3c' | 'otlp';
  readonly direction: 'INBOUND' | 'OUTBOUND';
  readonly tracing?: JsonObject;
}

const LISTENERS: readonly Listener[] = [
  { provider: 'zipkin', direction: 'INBOUND' },
  { provider: 'zipkin', direction: 'OUTBOUND' },
  { provider: 'zipkin', direction: 'OUTBOUND', tracing: { spawnUpstreamSpan: true } },
  { provider: 'otlp', direction: 'INBOUND' },
  { provider: 'otlp', direction: 'OUTBOUND', tracing: { maxPathTagLength: 10 } },
  { provider: 'otlp', direction: 'OUTBOUND', tracing: { spawnUpstreamSpan: true } },
  { provider: 'otlp', direction: 'OUTBOUND', tracing: { randomSampling: { value: 0 } } },
  { provider: 'zipkin', direction: 'INBOUND', tracing: { randomSampling: { value: 0 } } },
  { provider: 'zipkin-w3c', direction: 'INBOUND' },
  { provider: 'zipkin-w3c', direction: 'OUTBOUND', tracing: { spawnUpstreamSpan: true } },
];

interface Call {
  readonly path: string;
  /** `id`: 26 hex digits, of this call alone. */
  readonly headers?: (id: string) => Readonly<Record<string, string>>;
  readonly untraced?: boolean;
}

const trace = (id: string): string => `c0ffee${id}`;
const span = (id: string): string => `c0ffee${id.slice(-10)}`;
const b3 = (sampled: string) => (id: string) => ({
  'x-b3-traceid': trace(id),
  'x-b3-spanid': span(id),
  'x-b3-parentspanid': 'c0ffee0000000001',
  'x-b3-sampled': sampled,
});
const w3c = (flags: string) => (id: string) => ({
  traceparent: `00-${trace(id)}-${span(id)}-${flags}`,
  tracestate: 'a=b',
});

const CALLS: Readonly<Record<Listener['provider'], readonly Call[]>> = {
  zipkin: [
    { path: '/abcdefghijklmno?q' },
    { path: '/several', headers: b3('1') },
    { path: '/single', headers: (id) => ({ b3: `${trace(id)}-${span(id)}-1` }) },
    { path: '/unsampled', headers: b3('0'), untraced: true },
    { path: '/unsampled/single', headers: () => ({ b3: '0' }), untraced: true },
    { path: '/malformed', headers: () => ({ 'x-b3-traceid': 'zz', 'x-b3-spanid': '1' }), untraced: true },
    { path: '/named' },
    { path: '/tagged', headers: () => ({ 'x-team': 'blue' }) },
    { path: '/never', untraced: true },
    { path: '/bad', headers: () => ({ 'x-client-trace-id': 'c1' }) },
  ],
  'zipkin-w3c': [
    { path: '/abcdefghijklmno?q' },
    { path: '/several', headers: (id) => ({ ...b3('1')(id), ...w3c('00')(id) }) },
    { path: '/sampled', headers: w3c('01') },
    { path: '/unsampled', headers: w3c('00'), untraced: true },
    { path: '/malformed', headers: () => ({ traceparent: 'garbage' }) },
    { path: '/single', headers: (id) => ({ b3: `${span(id)}-${span(id)}-1` }) },
    { path: '/bad' },
  ],
  otlp: [
    { path: '/abcdefghijklmno?q' },
    { path: '/sampled', headers: w3c('01') },
    { path: '/unsampled', headers: w3c('00'), untraced: true },
    { path: '/malformed', headers: () => ({ traceparent: 'garbage' }), untraced: true },
    { path: '/named', headers: () => ({ 'content-type': 'application/grpc' }) },
    { path: '/bad' },
  ],
};

interface Heard {
  /** What the application saw of the trace, and what the client saw of the operation. */
  readonly upstream: Readonly<Record<string, string>>;
  readonly answered: string | undefined;
}

interface AllHeard {
  readonly calls: Readonly<Record<string, Heard>>;
  readonly spans: Readonly<Record<string, readonly SeenSpan[]>>;
  readonly collectors: readonly string[];
}

const zipkinHeard: JsonValue[] = [];
/** How its collector was asked. */
const zipkinAsked = new Set<string>();
let app: Server;
let zipkin: Server;
let collector: LogCollector;
let seen: IncomingHttpHeaders = {};
before(async () => {
  app = createServer((incoming, response) => {
    seen = incoming.headers;
    response.end('ok');
  });
  zipkin = createServer((incoming, response) => {
    const { host, 'content-type': type, 'x-token': token } = incoming.headers;
    zipkinAsked.add([incoming.method, incoming.url, host, type, token].join(' '));
    let body = '';
    incoming.on('data', (part: Buffer) => (body += part.toString()));
    incoming.on('end', () => {
      zipkinHeard.push(...(JSON.parse(body) as JsonValue[]));
      response.writeHead(202).end();
    });
  });
  await Promise.all([app, zipkin].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  collector = await startLogCollector();
});
after(async () => {
  for (const server of [app, zipkin]) {
    server.close();
    server.closeAllConnections();
  }
  await collector.close();
});

test('headers and spans are as a real Envoy has them', { skip, timeout: 120_000 }, async () => {
  const envoys = await heardBy(async (bootstrap) => {
    const envoy = await startEnvoy(bootstrap);
    return () => envoy.stop();
  });
  const ours = await heardBy(startOurs);
  assert.deepEqual(ours.calls, envoys.calls);
  assert.deepEqual(ours.spans, envoys.spans);
  assert.deepEqual(ours.collectors, envoys.collectors);
});

async function startOurs(bootstrap: JsonObject): Promise<() => Promise<void>> {
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
  return () => proxy.close();
}

async function heardBy(start: (bootstrap: JsonObject) => Promise<() => Promise<void>>): Promise<AllHeard> {
  const ports = await freePorts(LISTENERS.length);
  zipkinHeard.length = 0;
  zipkinAsked.clear();
  collector.traces.length = 0;
  const calls: Record<string, Heard> = {};
  let wanted = 0;
  const stop = await start(bootstrapOf(ports));
  try {
    for (const [index, listener] of LISTENERS.entries()) {
      for (const [which, call] of CALLS[listener.provider].entries()) {
        const name = `${index}-${which}`;
        const upstreamAndAnswer = await send(ports[index]!, call, name);
        calls[`${name} ${JSON.stringify(listener)} ${call.path}`] = upstreamAndAnswer;
        wanted += wantedSpans(listener, call);
      }
    }
    const spans = await eventually(async () => {
      const all = [...zipkinSpans(zipkinHeard), ...otlpSpans(collector.traces)];
      assert.equal(all.length, wanted);
      return byCall(all);
    }, 30_000);
    return { calls, spans, collectors: [...zipkinAsked].sort() };
  } finally {
    await stop();
  }
}

/** Spans of one trace belong to the call that one of them names. */
function byCall(spans: readonly RawSpan[]): Readonly<Record<string, readonly SeenSpan[]>> {
  const groups = Map.groupBy(spans, ({ ids }) => ids[0]!);
  const named = [...groups.values()].map((group) => {
    const name = group.map(({ tags }) => tags['user_agent']).find((agent) => agent !== undefined) ?? '';
    return [name, describedSpans(group)] as const;
  });
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where the listener wants none: what still asks for a trace, by a header that counts, or by a route of its own. */
const STILL: ReadonlySet<string> = new Set(['/several', '/single', '/bad', '/tagged']);

function wantedSpans({ provider, tracing }: Listener, { path, untraced }: Call): number {
  const never = tracing && 'randomSampling' in tracing;
  if (untraced || (never && (provider === 'otlp' || !STILL.has(path)))) return 0;
  return tracing && 'spawnUpstreamSpan' in tracing && path !== '/bad' ? 2 : 1;
}

async function send(port: number, { path, headers }: Call, name: string): Promise<Heard> {
  seen = {};
  const id = Buffer.from(name.padEnd(13)).toString('hex');
  const call = request({
    port,
    host: '127.0.0.1',
    path,
    agent: false,
    headers: { host: 'asked.test', 'user-agent': name, ...headers?.(id) },
  });
  call.end();
  const [response] = (await once(call, 'response')) as [NodeJS.ReadableStream & { headers: IncomingHttpHeaders }];
  response.resume();
  await once(response, 'end');
  const answered = response.headers['x-envoy-decorator-operation'] as string | undefined;
  return { upstream: upstreamHeaders(), answered };
}

/** With letters for identifiers. */
function upstreamHeaders(): Readonly<Record<string, string>> {
  const letters = new Map<string, string>();
  const names = /^(?:x-b3-.*|b3|traceparent|tracestate|x-envoy-decorator-operation|x-client-trace-id)$/;
  const trace = Object.entries(seen)
    .filter(([name]) => names.test(name))
    .sort(byKey)
    .map(([name, value]) => [name, String(value).replaceAll(/[0-9a-f]{16,32}/g, (id) => letterOf(id, letters))]);
  const reason = String(seen['x-request-id'] ?? '')[14] ?? '';
  return { ...(Object.fromEntries(trace) as Record<string, string>), reason };
}

function bootstrapOf(ports: readonly number[]): JsonObject {
  const portOf = (server: Server) => (server.address() as AddressInfo).port;
  return {
    node: { id: 'node-id', cluster: 'node-cluster', locality: { zone: 'zone-1' } },
    staticResources: {
      listeners: LISTENERS.map((listener, index) => listenerOf(listener, ports[index]!)),
      clusters: [
        cluster('app', portOf(app)),
        cluster('zipkin', portOf(zipkin)),
        cluster('collector', collector.port, { http2ProtocolOptions: {} }),
      ],
    },
  };
}

const PROVIDERS: Readonly<Record<Listener['provider'], JsonObject>> = {
  zipkin: {
    name: 'envoy.tracers.zipkin',
    typedConfig: {
      '@type': `${TYPE}.config.trace.v3.ZipkinConfig`,
      collectorCluster: 'zipkin',
      collectorEndpoint: '/api/v2/spans',
      collectorEndpointVersion: 'HTTP_JSON',
      traceId128bit: true,
    },
  },
  'zipkin-w3c': {
    name: 'envoy.tracers.zipkin',
    typedConfig: {
      '@type': `${TYPE}.config.trace.v3.ZipkinConfig`,
      collectorEndpointVersion: 'HTTP_JSON',
      traceContextOption: 'USE_B3_WITH_W3C_PROPAGATION',
      collectorService: {
        httpUri: { uri: 'http://collector.test/w3c/spans', cluster: 'zipkin', timeout: '2s' },
        requestHeadersToAdd: [{ header: { key: 'X-Token', value: 'secret' } }],
      },
    },
  },
  otlp: {
    name: 'envoy.tracers.opentelemetry',
    typedConfig: {
      '@type': `${TYPE}.config.trace.v3.OpenTelemetryConfig`,
      grpcService: { envoyGrpc: { clusterName: 'collector' } },
      serviceName: 'service',
    },
  },
};

function listenerOf({ provider, direction, tracing }: Listener, port: number): JsonObject {
  const route = (prefix: string, more: JsonObject): JsonObject => ({
    match: { prefix },
    route: { cluster: 'app' },
    ...more,
  });
  const { route: _, ...direct } = route('/bad', { directResponse: { status: 503 } });
  const typedConfig: JsonObject = {
    '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: 'test',
    tracing: {
      provider: PROVIDERS[provider],
      customTags: [
        { tag: 'literal', literal: { value: 'text' } },
        { tag: 'team', requestHeader: { name: 'X-Team', defaultValue: 'none' } },
      ],
      ...tracing,
    },
    httpFilters: [
      {
        name: 'envoy.filters.http.router',
        typedConfig: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
      },
    ],
    routeConfig: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            direct,
            route('/named', { decorator: { operation: 'operation' } }),
            route('/tagged', { tracing: { customTags: [{ tag: 'own', literal: { value: 'of the route' } }] } }),
            route('/never', { tracing: { randomSampling: { numerator: 0 } } }),
            route('/', {}),
          ],
        },
      ],
    },
  };
  return {
    name: `${provider}-${port}`,
    trafficDirection: direction,
    address: address(port),
    enableReusePort: false,
    filterChains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig }] }],
  };
}

function cluster(name: string, port: number, more: JsonObject = {}): JsonObject {
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }] },
    ...more,
  };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
