import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { guardedFetch } from './guarded-fetch.ts';
import { isInnerAddress } from './inner-addresses.ts';

const LIMITS = { timeoutMs: 2000 };

interface Server {
  readonly port: number;
  /** Paths that were asked for. */
  readonly asked: string[];
}

async function serve(context: TestContext, answer: RequestListener): Promise<Server> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

const inside = guardedFetch({ allowed: ['127.0.0.0/8'], maxBytes: 100 });
const outside = guardedFetch({ allowed: [], maxBytes: 100 });

test('inner addresses are not asked, however they are written', async (context) => {
  const { port, asked } = await serve(context, (_, response) => response.end('secret'));
  const written = ['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', '[::1]', '0.0.0.0'];
  for (const host of [...written, '169.254.169.254', '10.0.0.1', '[fe80::1]', '[64:ff9b::7f00:1]']) {
    await assert.rejects(outside(`http://${host}:${port}/`, LIMITS), /is an inner address, which is not asked$/, host);
  }
  assert.deepEqual(asked, []);
  assert.equal(await inside(`http://localhost:${port}/`, LIMITS), 'secret');
});

test('an address of IPv4 is inner however IPv6 carries it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      assert.equal(isInnerAddress(`::ffff:${address}`), isInnerAddress(address));
      const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
      assert.equal(isInnerAddress(`64:ff9b::${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`), true);
    }),
  );
  for (const address of ['8.8.8.8', '::ffff:8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111']) {
    assert.equal(isInnerAddress(address), false, address);
  }
});

test('the address that was looked at is the one that is dialled', async (context) => {
  const { port, asked } = await serve(context, (_, response) => response.end('answer'));
  let turn = 0;
  const rebinding = guardedFetch({
    allowed: ['127.0.0.1'],
    maxBytes: 100,
    resolve: () => Promise.resolve([turn++ === 0 ? '127.0.0.1' : '127.0.0.2']),
  });
  assert.equal(await rebinding(`http://keys.example:${port}/`, LIMITS), 'answer');
  assert.equal(turn, 1);
  await assert.rejects(rebinding(`http://keys.example:${port}/`, LIMITS), /127\.0\.0\.2 is an inner address/);
  assert.equal(asked.length, 1);
});

test('one inner address among those of a name is enough to not ask', async () => {
  const resolve = () => Promise.resolve(['8.8.8.8', '10.0.0.1']);
  const fetch = guardedFetch({ allowed: [], maxBytes: 100, resolve });
  await assert.rejects(
    fetch('http://keys.example/', LIMITS),
    /^Error: http:\/\/keys\.example: 10\.0\.0\.1 is an inner/,
  );
});

test('redirects are followed, but not to inner addresses, nor for ever', async (context) => {
  const { port, asked } = await serve(context, (request, response) => {
    const to = { '/once': '/end', '/inner': `http://127.0.0.2:${port}/end`, '/loop': '/loop' }[request.url!];
    response.writeHead(to ? 302 : 200, to ? { location: to } : {}).end('the end');
  });
  const fetch = guardedFetch({ allowed: ['127.0.0.1'], maxBytes: 100 });
  assert.equal(await fetch(`http://127.0.0.1:${port}/once`, LIMITS), 'the end');
  await assert.rejects(fetch(`http://127.0.0.1:${port}/inner`, LIMITS), /127\.0\.0\.2 is an inner address/);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/loop`, LIMITS), /more than 3 redirects/);
  assert.deepEqual(asked, ['/once', '/end', '/inner', '/loop', '/loop', '/loop', '/loop']);
});

test('an answer too long, too late or of another status is none, and nothing of it is told', async (context) => {
  const { port } = await serve(context, (request, response) => {
    if (request.url === '/late') return;
    if (request.url?.startsWith('/500')) response.writeHead(500);
    response.end('secret'.repeat(request.url === '/long' ? 100 : 1));
  });
  const base = `http://127.0.0.1:${port}`;
  const failure = async (path: string, timeoutMs: number) =>
    inside(`${base}${path}`, { timeoutMs }).then(
      () => 'none',
      (error: Error) => error.message,
    );
  assert.equal(await failure('/long', 2000), `${base}: more than 100 bytes`);
  assert.equal(await failure('/500?token=x', 2000), `${base}: status 500`);
  assert.equal(await failure('/late', 50), `${base}: no answer within 50 ms`);
});

test('other schemes and URLs with passwords are not asked', async () => {
  for (const url of ['file:///etc/passwd', 'ftp://a/', 'x', 'http://user:password@203.0.113.1/']) {
    await assert.rejects(outside(url, LIMITS), /not a URL of http|name or password/);
  }
});
