// HTTP/2 to clients and upstreams as a real Envoy speaks it: the same questions, answers and log lines.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { ask, type Question, startHttp1Upstream, startHttp2Upstream, type Upstream } from './support/http2-talk.ts';
import { eventually } from './support/mesh-under-test.ts';
import {
  clusterOf,
  type PairedListener,
  type PairedSetup,
  type Side,
  startPairedProxies,
} from './support/paired-proxies.ts';

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

test('HTTP/2 and HTTP/1.1 are translated as Envoy does', { skip }, async (context) => {
  const pair = await startPairedProxies(context, setupOf);
  const envoys = await seenBy(pair.envoy.listeners, 'envoy');
  const ours = await seenBy(pair.ours.listeners, 'ours');
  const differing = Object.keys(envoys).filter((name) => JSON.stringify(ours[name]) !== JSON.stringify(envoys[name]));
  const chosen = (seen: Record<string, unknown>) => Object.fromEntries(differing.map((name) => [name, seen[name]]));
  assert.deepEqual(chosen(ours), chosen(envoys));
  assert.equal(Object.keys(ours).length, QUESTIONS.length * 2 + 1);
});

/** Answers by question, and under `log` the log's lines. */
async function seenBy(ports: readonly number[], side: Side): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const [index, port] of ports.entries()) {
    for (const question of QUESTIONS) {
      seen[`HTTP/${2 - index} upstream: ${JSON.stringify(question)}`] = await ask(port, question);
    }
  }
  seen['log'] = await eventually(async () => {
    const lines = readFileSync(logFile(side), 'utf8').trim().split('\n');
    assert.equal(lines.length, QUESTIONS.length * 2);
    return lines;
  });
  return seen;
}

function logFile(side: Side): string {
  return join(directory, `${side}.log`);
}

function setupOf(side: Side): PairedSetup {
  const [http2, http1] = upstreams.map(({ port }) => port);
  return {
    listeners: ['http2', 'http1'].map((cluster) => listener(cluster, logFile(side))),
    clusters: [
      clusterOf('http2', http2!, protocol({ http2_protocol_options: {} })),
      clusterOf('http1', http1!, protocol({ http_protocol_options: {} })),
      { name: 'nobody', type: 'STATIC', connect_timeout: '1s' },
    ],
  };
}

function listener(cluster: string, path: string): PairedListener {
  const log = {
    '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
    path,
    log_format: { text_format_source: { inline_string: LOG } },
  };
  return {
    filters: [],
    routes: [
      { match: { path: '/direct' }, direct_response: { status: 429, body: { inline_string: 'not "100%"\n' } } },
      { match: { path: '/nobody' }, route: { cluster: 'nobody' } },
      { match: { path: '/unknown' }, route: { cluster: 'unknown' } },
      { match: { prefix: '/' }, route: { cluster } },
    ],
    routeConfiguration: { validate_clusters: false },
    manager: { access_log: [{ name: 'envoy.access_loggers.file', typed_config: log }] },
  };
}

function protocol(explicit: object): object {
  const options = { '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`, explicit_http_config: explicit };
  const extensions = { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options };
  return { typed_extension_protocol_options: extensions };
}
