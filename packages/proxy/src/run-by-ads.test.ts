import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { call, ControlPlane, edsCluster, endpoints, listener, reached, routes, startByAds } from './ads-under-test.ts';
import { cluster, RawClient, startServer } from './proxy-under-test.ts';

test('clusters that are renamed under load, make before break: no request is lost', async (context) => {
  const apps = await Promise.all(['one', 'two'].map((name) => startServer((_request, response) => response.end(name))));
  context.after(() => Promise.all(apps.map((app) => app.close())));
  const [one, two] = apps.map((app) => app.port) as [number, number];
  const plane = new ControlPlane();
  await plane.listen();
  plane.set('CDS', edsCluster('one'));
  plane.set('EDS', endpoints('one', one), endpoints('two', two));
  plane.set('LDS', listener('http'));
  plane.set('RDS', routes('one'));
  const proxy = await startByAds(context, plane);
  await proxy.ready;
  const address = proxy.listenerAddress('http');
  const port = address && 'port' in address ? address.port : 0;

  const agent = new Agent({ keepAlive: true, maxSockets: 6 });
  context.after(() => agent.destroy());
  const answers: string[] = [];
  let over = false;
  context.after(() => (over = true));
  const callers = Array.from({ length: 6 }, async () => {
    while (!over) answers.push(await call(port, agent));
  });
  await reached(answers, 'one');
  for (const [from, to] of [
    ['one', 'two'],
    ['two', 'one'],
    ['one', 'two'],
  ] as const) {
    plane.set('CDS', edsCluster(from), edsCluster(to));
    plane.set('RDS', routes(to));
    answers.length = 0;
    await reached(answers, to);
    plane.set('CDS', edsCluster(to));
    await reached(answers, to, 200);
  }
  over = true;
  await Promise.all(callers);
  assert.deepEqual(
    answers.filter((answer) => answer !== 'one' && answer !== 'two'),
    [],
  );
  assert.deepEqual(plane.refusals, []);
});

test('routes that can not be honoured are refused with the reason, and the last good ones serve on', async (context) => {
  const app = await startServer((_request, response) => response.end('one'));
  context.after(() => app.close());
  const plane = new ControlPlane();
  await plane.listen();
  plane.set('CDS', cluster('one', [app.port]));
  plane.set('LDS', listener('http'));
  plane.set('RDS', routes('one'));
  const proxy = await startByAds(context, plane);
  await proxy.ready;
  const bad = { match: { safe_regex: { regex: '(' } }, route: { cluster: 'one' } };
  plane.set('RDS', { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [bad] }] });
  const address = proxy.listenerAddress('http');
  const url = `http://127.0.0.1:${address && 'port' in address ? address.port : 0}/`;
  while (plane.refusals.length === 0) assert.equal(await (await fetch(url)).text(), 'one');
  assert.match(plane.refusals[0]!, /routes.*all/);
  assert.equal(await (await fetch(url)).text(), 'one');
});

test('connections of a removed listener are served on, and end by the end of the drain time', async (context) => {
  const app = await startServer((_request, response) => response.end('one'));
  context.after(() => app.close());
  const plane = new ControlPlane();
  await plane.listen();
  plane.set('CDS', cluster('one', [app.port]));
  plane.set('LDS', listener('http'));
  plane.set('RDS', routes('one'));
  const proxy = await startByAds(context, plane);
  await proxy.ready;
  const address = proxy.listenerAddress('http');
  const client = new RawClient(address && 'port' in address ? address.port : 0);
  context.after(() => client.close());
  const ask = async (times: number): Promise<void> => {
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.until((text) => text.split('\r\none').length > times);
  };
  await ask(1);
  plane.set('LDS', listener('other'));
  while (proxy.listenerAddress('http')) await new Promise(setImmediate);
  await ask(2);
  const text = await client.untilEnd();
  assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
});
