// Access logs whose filters are CEL expressions hold the lines that Envoy's hold.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutEnvoy } from './support/envoy.ts';
import { startPairedProxies } from './support/paired-proxies.ts';

const LOGGERS = 'type.googleapis.com/envoy.extensions.access_loggers';
const EXPRESSIONS = [
  'response.code >= 400',
  "request.headers['x-a'] == 'yes'",
  "'x-a' in request.headers",
  "request.url_path == '/path' && request.query == 'q=1'",
  "request.path.startsWith('/not')",
  "response.headers['x-absent'] == 'yes' || response.code == 200",
  'connection.mtls',
  'connection.requested_server_name == ""',
  'response.flags == 256',
  "response.code_details == 'route_not_found'",
  "xds.route_name == '' || request.total_size > 10",
  'upstream.port > 0',
  'request.size',
  'upstream.request_attempt_count == 1',
];

test('expressions let the same requests pass', { skip: withoutEnvoy }, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'expression-logs-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'log');
  const log = (expression: string, index: number) => ({
    name: 'file',
    filter: {
      extension_filter: {
        name: 'envoy.access_loggers.extension_filters.cel',
        typed_config: { '@type': `${LOGGERS}.filters.cel.v3.ExpressionFilter`, expression },
      },
    },
    typed_config: {
      '@type': `${LOGGERS}.file.v3.FileAccessLog`,
      path,
      log_format: {
        text_format_source: { inline_string: `%DOWNSTREAM_LOCAL_PORT% ${index} %REQ(:PATH)% %RESPONSE_CODE%\n` },
      },
    },
  });
  const pair = await startPairedProxies(context, {
    listeners: [
      {
        filters: [],
        routes: [
          { match: { prefix: '/no' }, direct_response: { status: 404 } },
          { match: { prefix: '/path' }, route: { cluster: 'echo' } },
        ],
        manager: {
          access_log: [...EXPRESSIONS, 'true'].map(log),
          access_log_options: { access_log_flush_interval: '0.1s' },
        },
      },
    ],
  });
  const requests = ['/path', '/path?q=1', '/path?q=2', '/no', '/nothing', '/unrouted'].flatMap((path) => [
    { path },
    { path, headers: { 'x-a': 'yes' } },
    { path, method: 'POST', body: 'text' },
  ]);
  for (const request of requests) await pair.same(0, request);
  const lines = async (prefix: string) =>
    (await readFile(path, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.slice(prefix.length));
  const written = async ({ listeners: [port] }: typeof pair.ours) => {
    // The last of the logs has a line for each request.
    while ((await lines(`${port} ${EXPRESSIONS.length} `)).length < requests.length) await sleep(20);
    return Promise.all(EXPRESSIONS.map((_, index) => lines(`${port} ${index} `)));
  };
  const [theirs, own] = await Promise.all([written(pair.envoy), written(pair.ours)]);
  for (const [index, expression] of EXPRESSIONS.entries()) assert.deepEqual(own[index], theirs[index], expression);
  assert.ok(theirs[0]!.length > 0 && theirs[0]!.length < requests.length);
});
