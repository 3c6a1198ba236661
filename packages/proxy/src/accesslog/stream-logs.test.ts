import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RawClient, startProxy, startServer } from '../proxy-under-test.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.access_loggers';

function logFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stream-logs-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'log');
}

/** Closes the proxy first: then all is written. */
async function logged(
  context: TestContext,
  manager: object,
  format: string,
  exchange: (port: number) => Promise<unknown>,
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end('ok'),
): Promise<string> {
  const path = logFile(context);
  const app = await startServer(answer);
  context.after(() => app.close());
  const file = {
    '@type': `${TYPE}.file.v3.FileAccessLog`,
    path,
    log_format: { text_format_source: { inline_string: format } },
  };
  const access_log = [{ name: 'file', typed_config: file }];
  const proxy = await startProxy({ ports: [app.port], manager: { access_log, ...manager } });
  await exchange(proxy.port);
  await proxy.close();
  return readFileSync(path, 'utf8');
}

async function ask(port: number, head: string): Promise<string> {
  const client = new RawClient(port);
  client.send(`${head}\r\nconnection: close\r\n\r\n`);
  return client.untilEnd();
}

test('requests are logged when they begin and while they last, where that is wanted', async (context) => {
  const lines = await logged(
    context,
    { access_log_options: { flush_access_log_on_new_request: true, access_log_flush_interval: '0.03s' } },
    '%ACCESS_LOG_TYPE% %RESPONSE_CODE% %ROUTE_NAME%\n',
    (port) => ask(port, 'GET / HTTP/1.1\r\nhost: a'),
    (_request, response) => setTimeout(() => response.end('ok'), 100),
  );
  const [first, second, ...rest] = lines.trimEnd().split('\n');
  assert.deepEqual(
    [first, second, rest.at(-1)],
    ['DownstreamStart 0 -', 'DownstreamPeriodic 0 -', 'DownstreamEnd 200 -'],
  );
});

test('one request is one line, whatever bytes are in it', async (context) => {
  const hostile = 'GET /\x7f HTTP/1.1\r\nhost: a\r\nuser-agent: \x9b31m"\xff\x85\xe2\x80\xa8\r\nx-a: b';
  const lines = await logged(context, {}, '"%REQ(USER-AGENT)%" %REQ(X-A)%\n', (port) =>
    ask(port, hostile.replace('/\x7f', '/')),
  );
  assert.equal(lines.split('\n').length, 2);
  assert.match(lines, /^"[\x20-\x7e\u00a0-\uffff]*" b\n$/);
});

test('a log that can’t be honoured refuses its listener, and says why', async () => {
  const refused = (typed: object, filter?: object) =>
    startProxy({ manager: { access_log: [{ name: 'log', typed_config: typed, ...(filter && { filter }) }] } });
  const file = { '@type': `${TYPE}.file.v3.FileAccessLog`, path: '/dev/null' };
  await assert.rejects(
    refused({ ...file, log_format: { text_format_source: { inline_string: '%ENVIRONMENT(HOME)%' } } }),
    /access log operator %ENVIRONMENT% is not supported/,
  );
  await assert.rejects(
    refused({
      '@type': `${TYPE}.grpc.v3.HttpGrpcAccessLogConfig`,
      common_config: { log_name: 'x', grpc_service: { google_grpc: { target_uri: 'a', stat_prefix: 'b' } } },
    }),
    /google_grpc is not supported/,
  );
});
