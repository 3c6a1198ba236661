// Sessions keep to their host as Envoy's do, and each proxy goes by the cookies that the other one gave.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startEchoUpstream } from './support/echo-upstream.ts';
import { withoutEnvoy } from './support/envoy.ts';
import { httpFilter, type PairedListener, perRoute, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

const STATES = 'type.googleapis.com/envoy.extensions.http.stateful_session';
const cookie = (fields: object = {}) => ({
  name: 'envoy.http.stateful_session.cookie',
  typed_config: { '@type': `${STATES}.cookie.v3.CookieBasedSessionState`, cookie: { name: 'sticky', ...fields } },
});
const header = {
  name: 'envoy.http.stateful_session.header',
  typed_config: { '@type': `${STATES}.header.v3.HeaderBasedSessionState`, name: 'X-Session' },
};
const session = (fields: object) => httpFilter('stateful_session', 'StatefulSession', fields);
const route = (prefix: string, config?: object) => ({
  match: { prefix },
  route: { cluster: 'several' },
  ...(config && { typed_per_filter_config: perRoute('stateful_session', 'StatefulSessionPerRoute', config) }),
});

/** A cluster of three upstreams; their ports. */
async function world(context: TestContext, listeners: readonly Pick<PairedListener, 'filters' | 'routes'>[]) {
  const upstreams = await Promise.all(['one', 'two', 'three'].map(startEchoUpstream));
  for (const upstream of upstreams) context.after(() => upstream.close());
  const endpoints = upstreams.map(({ port }) => ({
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
  }));
  const several = {
    name: 'several',
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: 'several', endpoints: [{ lb_endpoints: endpoints }] },
  };
  const pair = await startPairedProxies(context, { listeners, clusters: [several] });
  return { pair, addresses: upstreams.map(({ port }) => `127.0.0.1:${port}`) };
}

/** Which upstream answers, and what the client is to keep. */
async function ask(port: number, path: string, headers: Record<string, string>) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  await response.text();
  return {
    status: response.status,
    upstream: response.headers.get('upstream'),
    cookie: response.headers.get('set-cookie'),
    session: response.headers.get('x-session'),
  };
}

const encoded = (address: string, ...more: number[]) =>
  Buffer.concat([Buffer.from([10, address.length]), Buffer.from(address), Buffer.from(more)]).toString('base64');

test('a cookie’s host gets the requests, and what can’t be read is a new session', { skip }, async (context) => {
  const { pair, addresses } = await world(context, [
    {
      filters: [session({ session_state: cookie({ ttl: '100s', path: '/in' }), stat_prefix: 's' })],
      routes: [route('/')],
    },
    {
      filters: [session({ session_state: cookie(), strict: true, stat_prefix: 'strict' })],
      routes: [
        route('/off', { disabled: true }),
        route('/header', { stateful_session: { session_state: header } }),
        route('/'),
      ],
    },
    {
      filters: [session({ session_state: cookie(), strict: true, status_on_strict_destination_not_found: 410 })],
      routes: [route('/')],
    },
    { filters: [session({ session_state: header })], routes: [route('/')] },
  ]);
  for (const address of addresses) {
    for (const path of ['/in', '/in/a', '/in?b', '/']) {
      await pair.same(path === '/' ? 1 : 0, { path, headers: { cookie: `a=b; sticky="${encoded(address)}"` } });
    }
    await pair.same(1, { path: '/header', headers: { 'x-session': Buffer.from(address).toString('base64') } });
    await pair.same(3, { headers: { 'x-session': Buffer.from(address).toString('base64') } });
    await pair.same(1, { headers: { cookie: `sticky="${encoded(address, 16, 0)}"` } });
  }
  for (const index of [1, 2]) await pair.same(index, { headers: { cookie: `sticky="${encoded('127.0.0.1:1')}"` } });

  const shapes = async (port: number, path: string, headers: Record<string, string>) => {
    const { status, cookie: set, session: named } = await ask(port, path, headers);
    return { status, set: set?.replace(/="[^"]*"/, '="…"'), named: named !== null };
  };
  const strange = [
    '',
    'x',
    '!!!!',
    'AAAA',
    encoded(addresses[0]!).slice(1),
    encoded(addresses[0]!, 16, 1),
    encoded('127.0.0.1:1'),
  ];
  for (const [index, path] of [
    [0, '/in'],
    [0, '/into'],
    [0, '/'],
    [1, '/off'],
    [1, '/header'],
    [3, '/'],
  ] as const) {
    for (const value of strange) {
      const headers = { cookie: `sticky=${value}`, 'x-session': value };
      const [theirs, own] = [pair.envoy, pair.ours].map(({ listeners }) => shapes(listeners[index]!, path, headers));
      assert.deepEqual(await own, await theirs, `${index} ${path} ${value}`);
    }
  }
  const stats = async (port: number) => (await fetch(`http://127.0.0.1:${port}/stats?filter=stateful_session`)).text();
  assert.deepEqual(
    (await stats(pair.ours.admin)).trim().split('\n').sort(),
    (await stats(pair.envoy.admin)).trim().split('\n').sort(),
  );
});

test('each proxy keeps to the host that the other one’s cookie or header names', { skip }, async (context) => {
  const { pair } = await world(context, [
    { filters: [session({ session_state: cookie({ ttl: '100s' }) })], routes: [route('/')] },
    { filters: [session({ session_state: cookie() })], routes: [route('/')] },
    { filters: [session({ session_state: header })], routes: [route('/')] },
  ]);
  for (const index of [0, 1, 2]) {
    for (const [giver, taker] of [
      [pair.envoy, pair.ours],
      [pair.ours, pair.envoy],
    ] as const) {
      for (let count = 0; count < 4; count++) {
        const given = await ask(giver.listeners[index]!, '/', {});
        const headers: Record<string, string> =
          given.session === null ? { cookie: given.cookie!.split(';', 1)[0]! } : { 'x-session': given.session };
        const taken = await ask(taker.listeners[index]!, '/', headers);
        assert.deepEqual(taken, { status: 200, upstream: given.upstream, cookie: null, session: null });
      }
    }
  }
});
