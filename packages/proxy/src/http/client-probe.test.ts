import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import type { Transport } from '@meltemi/wire';
import { RawClient, startProxy, startServer } from '../proxy-under-test.ts';
import { ClientProbe } from './client-probe.ts';

const GET = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const INTERIM = 'HTTP/1.1 100 Continue\r\n\r\n';

/** A proxy before an application that holds its response until the test gives it, and a client that asked for it. */
async function waitingClient(context: TestContext, manager: object = {}) {
  const app = await startServer(() => {});
  const asked = once(app.server, 'request') as Promise<[unknown, ServerResponse]>;
  const under = await startProxy({ ports: [app.port], manager });
  const client = new RawClient(under.port);
  context.after(async () => {
    client.close();
    await under.close();
    await app.close();
  });
  client.send(GET);
  const [, response] = await asked;
  return { client, response, under };
}

test('a client that half-closed and gets its response soon sees nothing else', async (context) => {
  const { client, response } = await waitingClient(context);
  client.socket.end();
  setImmediate(() => response.writeHead(200, { 'content-length': '2', date: 'now' }).end('ok'));
  const text = await client.untilEnd();
  assert.deepEqual(
    [text.startsWith('HTTP/1.1 200 OK\r\n'), text.split('HTTP/1.1').length, text.endsWith('\r\n\r\nok')],
    [true, 2, true],
  );
});

test('a client that half-closed and waits long gets an interim response, then its own', async (context) => {
  const { client, response } = await waitingClient(context);
  client.socket.end();
  await client.until((text) => text === INTERIM);
  response.end('late');
  assert.match(await client.untilEnd(), /^(HTTP\/1\.1 100 Continue\r\n\r\n){1,2}HTTP\/1\.1 200 OK\r\n[\s\S]*late$/);
});

test('a client that is gone is found out: the upstream request is aborted, the log says DC', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'probe-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'log');
  const log = {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
    path,
    log_format: { text_format_source: { inline_string: '%RESPONSE_FLAGS%\n' } },
  };
  const { client, response, under } = await waitingClient(context, {
    access_log: [{ name: 'file', typed_config: log }],
  });
  const aborted = once(response, 'close');
  client.close();
  await aborted;
  assert.equal(response.writableFinished, false);
  await under.close();
  assert.equal(readFileSync(path, 'utf8'), 'DC\n');
});

test('the client is asked twice, from half a second later, and not when its response began', () => {
  const clock = new ManualClock();
  const written: unknown[] = [];
  const probe = new ClientProbe(clock, { write: (data) => written.push(data) > 0 } as Partial<Transport> as Transport);
  probe.start();
  clock.advance(499);
  probe.cancel();
  clock.advance(1000);
  assert.deepEqual([written, clock.pending], [[], 0]);
  probe.start();
  clock.advance(500);
  assert.deepEqual(written, [INTERIM]);
  probe.start();
  clock.advance(1000);
  assert.deepEqual([written, clock.pending], [[INTERIM, INTERIM], 0]);
});
