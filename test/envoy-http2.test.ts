// HTTP/2 to clients and upstreams as a real Envoy speaks it: the same questions, answers and log lines.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap, runProxy } from '@meltemi/proxy';
import { startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { ask, type Question, startHttp1Upstream, startHttp2Upstream, type Upstream } from './support/http2-talk.ts';
import { eventually } from './support/mesh-under-test.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';
const GRPC = { 'content-type': 'application/grpc', te: 'trailers' };
const LOG = '%REQ(:PATH)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %GRPC_STATUS% %RESPONSE_CODE_DETAILS%\n';

const PATHS = [
  '/',
  '/length',
  '/empty',
  '/no-content',
  '/not-modified',
  '/refused',
  '/reset',
  '/direct',
  '/nobody',
  '/unknown',
];
const QUESTIONS: readonly Question[] = [
  ...PATHS.flatMap((path) => [
    { client: 'http1', method: 'GET', path } as const,
    { client: 'http2', method: 'GET', path } as const,
    { client: 'http2', method: 'POST', path, headers: GRPC, body: 'hello' } as const,
  ]),
  { client: 'http1', method: 'HEAD', path: '/length' },
  { client: 'http2', method: 'HEAD', path: '/length' },
  { client: 'http1', method: 'POST', path: '/', body: 'hello', headers: { te: 'trailers', 'x-a': '1' } },
  { client: 'http1', method: 'POST', path: '/', body: '' },
  { client: 'http2', method: 'POST', path: '/', body: 'hello', headers: { 'content-length': '5' } },
  { client: 'http2', method: 'POST', path: '/', body: 'hello', headers: { cookie: 'a=1; b=2' } },
  { client: 'http2', method: 'POST', path: '/only-head', body: 'hello', headers: GRPC },
  { client: 'http2', method: 'POST', path: '/', body: 'hello', headers: GRPC, trailers: { 'x-last': 'one' } },
];

const directory = mkdtempSync(join(tmpdir(), 'mesh-http2-'));
const upstreams: Upstream[] = [];
before(async () => {
  upstreams.push(await startHttp2Upstream(), await startHttp1Upstream());
});
after(() => {
  for (const upstream of upstreams) upstream.close();
  rmSync(directory, { recursive: true });
});

test('HTTP/2 and HTTP/1.1 are translated as Envoy does', { skip }, async () => {
  const envoys = await seenBy('envoy', async (bootstrap) => {
    const envoy = await startEnvoy(bootstrap);
    return () => envoy.stop();
  });
  const ours = await seenBy('ours', startOurs);
  const differing = Object.keys(envoys).filter((name) => JSON.stringify(ours[name]) !== JSON.stringify(envoys[name]));
  const chosen = (seen: Record<string, unknown>) => Object.fromEntries(differing.map((name) => [name, seen[name]]));
  assert.deepEqual(chosen(ours), chosen(envoys));
  assert.equal(Object.keys(ours).length, QUESTIONS.length * 2 + 1);
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

/** Answers by question, and under `log` the log's lines. */
async function seenBy(who: string, start: (bootstrap: JsonObject) => Promise<() => Promise<void>>) {
  const ports = await freePorts(2);
  const logFile = join(directory, `${who}.log`);
  const stop = await start(bootstrapOf(ports, logFile));
  try {
    const seen: Record<string, unknown> = {};
    for (const [index, port] of ports.entries()) {
      for (const question of QUESTIONS) {
        seen[`HTTP/${2 - index} upstream: ${JSON.stringify(question)}`] = await ask(port, question);
      }
    }
    seen['log'] = await eventually(async () => {
      const lines = readFileSync(logFile, 'utf8').trim().split('\n');
      assert.equal(lines.length, QUESTIONS.length * 2);
      return lines;
    });
    return seen;
  } finally {
    await stop();
  }
}

function bootstrapOf(ports: readonly number[], logFile: string): JsonObject {
  const clusters = [cluster('http2', upstreams[0]!.port, 'http2'), cluster('http1', upstreams[1]!.port, 'http1')];
  return {
    staticResources: {
      listeners: [listener(ports[0]!, 'http2', logFile), listener(ports[1]!, 'http1', logFile)],
      clusters: [...clusters, { name: 'nobody', type: 'STATIC', connectTimeout: '1s' }],
    },
  };
}

function listener(port: number, to: string, logFile: string): JsonObject {
  const routes: JsonObject[] = [
    { match: { path: '/direct' }, directResponse: { status: 429, body: { inlineString: 'not "100%"\n' } } },
    { match: { path: '/nobody' }, route: { cluster: 'nobody' } },
    { match: { path: '/unknown' }, route: { cluster: 'unknown' } },
    { match: { prefix: '/' }, route: { cluster: to } },
  ];
  const log: JsonObject = {
    '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
    path: logFile,
    logFormat: { textFormatSource: { inlineString: LOG } },
  };
  const typedConfig: JsonObject = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: 'test',
    accessLog: [{ name: 'envoy.access_loggers.file', typedConfig: log }],
    routeConfig: { name: 'test', validateClusters: false, virtualHosts: [{ name: 'all', domains: ['*'], routes }] },
    httpFilters: [
      { name: 'envoy.filters.http.router', typedConfig: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
    ],
  };
  const filter = { name: 'envoy.filters.network.http_connection_manager', typedConfig };
  return { name: to, address: address(port), enableReusePort: false, filterChains: [{ filters: [filter] }] };
}

function cluster(name: string, port: number, protocol: 'http1' | 'http2'): JsonObject {
  const explicitHttpConfig: JsonObject =
    protocol === 'http2' ? { http2ProtocolOptions: {} } : { httpProtocolOptions: {} };
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        explicitHttpConfig,
      },
    },
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }],
    },
  };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
