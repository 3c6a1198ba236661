import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { RawClient, startProxy, startServer } from './proxy-under-test.ts';

test('a request reaches the upstream with the fields of the mesh, and its answer comes back signed', async (context) => {
  const app = await startServer((request, response) => response.end(JSON.stringify(request.headers)));
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port] });
  context.after(() => under.close());
  const answer = await fetch(`http://127.0.0.1:${under.port}/a?b=c`, { headers: { 'x-envoy-max-retries': '9' } });
  const seen = (await answer.json()) as Record<string, string>;
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('server'), 'envoy');
  assert.match(answer.headers.get('x-envoy-upstream-service-time') ?? '', /^\d+$/);
  assert.match(seen['x-request-id'] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(
    [seen['x-forwarded-proto'], seen['x-envoy-expected-rq-timeout-ms'], seen['x-envoy-max-retries']],
    ['http', '5000', undefined],
  );
});

test('one connection serves many requests, pipelined ones in their order', async (context) => {
  const app = await startServer((request, response) => response.end(`<${request.url}>`));
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port] });
  context.after(() => under.close());
  const client = new RawClient(under.port);
  client.send(Array.from({ length: 20 }, (_, index) => `GET /${index} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
  const text = await client.until((all) => all.includes('</19>'));
  assert.deepEqual(
    [...text.matchAll(/<\/(\d+)>/g)].map((match) => Number(match[1])),
    Array.from({ length: 20 }, (_, index) => index),
  );
  client.close();
});

test('bodies of 10 MB come through both ways, byte for byte', async (context) => {
  const app = await startServer((request, response) => void request.pipe(response));
  context.after(() => app.close());
  const under = await startProxy({ ports: [app.port] });
  context.after(() => under.close());
  const sent = Buffer.alloc(10 * 1024 * 1024);
  for (let index = 0; index < sent.length; index += 4) sent.writeUInt32LE((index * 2654435761) >>> 0, index);
  const framings: Record<string, string>[] = [
    { 'content-length': String(sent.length) },
    { 'transfer-encoding': 'chunked' },
  ];
  for (const headers of framings) {
    const got = await echo(under.port, headers, sent);
    assert.equal(Buffer.compare(got, sent), 0);
  }
});

test("no upstream connection: 503 in Envoy's words", async (context) => {
  const app = await startServer(() => {});
  await app.close();
  const under = await startProxy({ ports: [app.port] });
  context.after(() => under.close());
  const answer = await fetch(`http://127.0.0.1:${under.port}/`);
  assert.equal(answer.status, 503);
  assert.match(
    await answer.text(),
    /^upstream connect error or disconnect\/reset before headers\. reset reason: remote connection failure/,
  );
});

function echo(port: number, headers: Record<string, string>, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const call = request({ port, host: '127.0.0.1', method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}
