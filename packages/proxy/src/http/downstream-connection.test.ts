import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ProxySetup, RawClient, startProxy, startServer } from '../proxy-under-test.ts';

async function silentApp(context: TestContext, setup: ProxySetup): Promise<RawClient> {
  const app = await startServer(() => {});
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port], ...setup });
  context.after(() => under.close());
  const client = new RawClient(under.port);
  context.after(() => client.close());
  return client;
}

const POST = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf';

test('an idle connection is closed', async (context) => {
  const client = await silentApp(context, { manager: { common_http_protocol_options: { idle_timeout: '0.05s' } } });
  assert.equal(await client.untilEnd(), '');
});

test('a head that comes too slowly: 408', async (context) => {
  const client = await silentApp(context, { manager: { request_headers_timeout: '0.05s' } });
  client.send('GET / HT');
  assert.match(await client.untilEnd(), /^HTTP\/1\.1 408 [\s\S]*request header timeout$/);
});

test('a body that stops coming: 408 by the stream idle timeout and by the request timeout', async (context) => {
  for (const [manager, said] of [
    [{ stream_idle_timeout: '0.05s' }, 'stream timeout'],
    [{ request_timeout: '0.05s' }, 'request timeout'],
  ] as const) {
    const client = await silentApp(context, { manager });
    client.send(POST);
    const text = await client.untilEnd();
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.equal(text.endsWith(said), true);
  }
});

test('a response that stops coming: 504 by the stream idle timeout', async (context) => {
  const client = await silentApp(context, {
    manager: { stream_idle_timeout: '0.05s' },
    routes: [{ match: { prefix: '/' }, route: { cluster: 'app', timeout: '0s' } }],
  });
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await client.until((text) => text.endsWith('stream timeout')), /^HTTP\/1\.1 504 /);
});

test('a connection that served its number of requests closes', async (context) => {
  const app = await startServer((_request, response) => response.end('ok'));
  context.after(() => app.close());
  const under = await startProxy({
    ports: [app.port],
    manager: { common_http_protocol_options: { max_requests_per_connection: 2 } },
  });
  context.after(() => under.close());
  const client = new RawClient(under.port);
  context.after(() => client.close());
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(3));
  const text = await client.untilEnd();
  assert.deepEqual([text.split('HTTP/1.1 200').length - 1, text.split('connection: close').length - 1], [2, 1]);
});

test('every request, and every refused one, is one line of the access log', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'access-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'log');
  const format =
    '%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER%\n';
  const app = await startServer((request, response) => void request.resume().on('end', () => response.end('four')));
  context.after(() => app.close());
  const under = await startProxy({
    ports: [app.port],
    routes: [{ match: { prefix: '/ok' }, route: { cluster: 'app' } }],
    manager: {
      access_log: [
        {
          name: 'file',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
            path,
            log_format: { text_format_source: { inline_string: format } },
          },
        },
      ],
    },
  });
  const client = new RawClient(under.port);
  client.send(
    'POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabcGET /none HTTP/1.1\r\nhost: a\r\n\r\nBAD\r\n\r\n',
  );
  await client.untilEnd();
  client.close();
  await under.close();
  assert.deepEqual(readFileSync(path, 'utf8').split('\n'), [
    'POST /ok 200 - 3 4 app',
    'GET /none 404 NR 0 0 -',
    '- - 400 DPE 0 11 -',
    '',
  ]);
});
