import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { RawClient } from '../proxy-under-test.ts';
import { address, filter, listener, listenersUnderTest, saying } from './listeners-under-test.ts';

const PROXIED = filter('listener.proxy_protocol.v3.ProxyProtocol');

async function hear(port: number, text: string): Promise<string> {
  const client = new RawClient(port);
  client.send(text);
  const heard = await client.untilEnd();
  client.close();
  return heard;
}

test('a connection goes to the listener of its destination: exact, then any address with the port, else it stays', async (context) => {
  const rig = listenersUnderTest(context);
  const unbound = (name: string, host: string, port: number) =>
    listener(name, { address: address(host, port), bind_to_port: false, filter_chains: [saying(name)] });
  assert.deepEqual(
    rig.apply(
      // The PROXY header stands for what iptables would say: it restores the destination in the same way.
      listener('virtual', { use_original_dst: true, listener_filters: [PROXIED], filter_chains: [saying('virtual')] }),
      unbound('exact', '198.51.100.1', 80),
      unbound('any', '0.0.0.0', 80),
      unbound('any6', '::', 80),
    ),
    [],
  );
  const port = await rig.port('virtual');
  const to = (host: string, at: number) =>
    hear(port, `PROXY TCP${host.includes(':') ? 6 : 4} ${host} ${host} 1 ${at}\r\n`);
  assert.equal(await to('198.51.100.1', 80), 'exact');
  assert.equal(await to('198.51.100.2', 80), 'any');
  assert.equal(await to('2001:db8::1', 80), 'any6');
  assert.equal(await to('198.51.100.1', 81), 'virtual');
  assert.deepEqual(
    ['virtual', 'exact', 'any'].map((name) => rig.stat(`listener.${name}.downstream_cx_total`)),
    [1, 1, 1],
  );

  // A listener without a socket is updated and removed as any other.
  rig.apply(
    listener('exact', { address: address('198.51.100.1', 80), bind_to_port: false, filter_chains: [saying('new')] }),
  );
  assert.equal(await to('198.51.100.1', 80), 'new');
  rig.manager.update(new Map(), ['exact']);
  assert.equal(await to('198.51.100.1', 80), 'any');
});

test('a connection that was not redirected stays with the listener that accepted it', async (context) => {
  const rig = listenersUnderTest(context);
  assert.deepEqual(rig.apply(listener('virtual', { use_original_dst: true, filter_chains: [saying('virtual')] })), []);
  assert.equal(await hear(await rig.port('virtual'), ''), 'virtual');
});

test('a listener is bound to all its addresses, and an update keeps the sockets that stay', async (context) => {
  const rig = listenersUnderTest(context);
  const more = [{ address: address('127.0.0.2', 0) }, { address: address('::1', 0) }];
  assert.deepEqual(rig.apply(listener('a', { additional_addresses: more, filter_chains: [saying('one')] })), []);
  const first = await rig.port('a');
  assert.equal(await hear(first, ''), 'one');
  rig.apply(listener('a', { additional_addresses: more.slice(0, 1), filter_chains: [saying('two')] }));
  assert.equal(await rig.port('a'), first);
  assert.equal(await hear(first, ''), 'two');
});

test('options of the socket are set', async (context) => {
  const rig = listenersUnderTest(context);
  const keepAlive = { level: '1', name: '9', int_value: '1', state: 'STATE_LISTENING' };
  assert.deepEqual(
    rig.apply(
      listener('a', { tcp_fast_open_queue_length: 8, socket_options: [keepAlive], filter_chains: [saying('x')] }),
    ),
    [],
  );
  assert.equal(await hear(await rig.port('a'), ''), 'x');
});

test('connections above the limit are closed, after the delay where one is set', async (context) => {
  const rig = listenersUnderTest(context);
  const chain = (limit: object) => ({
    filters: [
      filter('network.connection_limit.v3.ConnectionLimit', { stat_prefix: 'x', ...limit }),
      filter('network.echo.v3.Echo'),
    ],
  });
  rig.apply(listener('a', { filter_chains: [chain({ max_connections: '1', delay: '0.05s' })] }));
  const port = await rig.port('a');
  const first = new RawClient(port);
  context.after(() => first.close());
  first.send('hello');
  assert.equal(await first.until((text) => text.length === 5), 'hello');
  const second = new RawClient(port);
  second.send('dropped');
  assert.equal(await second.untilEnd(), '');
  assert.equal(rig.stat('connection_limit.x.limited_connections'), 1);
  first.close();
  while (rig.stat('connection_limit.x.active_connections') > 0) await new Promise(setImmediate);
  const third = new RawClient(port);
  context.after(() => third.close());
  third.send('again');
  assert.equal(await third.until((text) => text.length === 5), 'again');
});

test('connections that come faster than the bucket fills are closed', async (context) => {
  const rig = listenersUnderTest(context);
  const bucket = { token_bucket: { max_tokens: 2, fill_interval: '60s' }, stat_prefix: 'x' };
  const network = filter('network.local_ratelimit.v3.LocalRateLimit', bucket);
  rig.apply(
    listener('a', { filter_chains: [{ filters: [network, ...(saying('in')['filters'] as object[] as never[])] }] }),
    listener('b', {
      listener_filters: [filter('listener.local_ratelimit.v3.LocalRateLimit', bucket)],
      filter_chains: [saying('in')],
    }),
  );
  for (const name of ['a', 'b']) {
    const port = await rig.port(name);
    assert.deepEqual([await hear(port, ''), await hear(port, ''), await hear(port, '')], ['in', 'in', '']);
  }
  assert.equal(rig.stat('local_rate_limit.x.rate_limited'), 1);
  assert.equal(rig.stat('listener_local_ratelimit.x.rate_limited'), 1);
});

test('a client that goes before it is known what it wants leaves nothing behind', async (context) => {
  const rig = listenersUnderTest(context);
  rig.apply(
    listener('a', {
      listener_filters: [filter('listener.tls_inspector.v3.TlsInspector')],
      filter_chains: [saying('x')],
    }),
  );
  const socket = connect(await rig.port('a'), '127.0.0.1');
  socket.write('\x16\x03');
  while (rig.stat('listener.a.downstream_pre_cx_active') === 0) await new Promise(setImmediate);
  socket.end();
  while (rig.stat('listener.a.downstream_pre_cx_active') > 0) await new Promise(setImmediate);
  assert.equal(rig.stat('listener.a.downstream_listener_filter_remote_close'), 1);
  socket.destroy();
});
