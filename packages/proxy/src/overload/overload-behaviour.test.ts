import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap } from '../bootstrap/read-bootstrap.ts';
import { runProxy } from '../run.ts';
import { heapBytes } from './start-overload-manager.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';
const HEAP = 'envoy.resource_monitors.fixed_heap';
const CONNECTIONS = 'envoy.resource_monitors.global_downstream_max_connections';

async function start(t: TestContext, overload: object) {
  const manager = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'hello' } } }],
        },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } }],
  };
  const bootstrap = {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
    },
    overload_manager: { refresh_interval: '0.01s', ...overload },
  };
  const proxy = await runProxy({
    bootstrap: await readBootstrap({ file: { name: 'test.json', text: JSON.stringify(bootstrap) } }),
    clock: systemClock(),
    dice: seededDice(1),
    logger: silentLogger,
    drainTimeMs: 0,
    concurrency: 1,
    logLevel: { level: 'none' },
    hostname: 'test',
    version: 'test',
  });
  t.after(() => proxy.close());
  await proxy.ready;
  const address = proxy.listenerAddress('in');
  assert.ok(address && 'port' in address);
  const { port } = address;
  const get = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    return [response.status, await response.text(), response.headers.get('connection')];
  };
  const stats = async (filter: string) =>
    (await fetch(`http://127.0.0.1:${proxy.adminPort}/stats?filter=${filter}`)).text();
  return { port, get, stats };
}

async function until<Value>(wanted: Value, read: () => Promise<Value>): Promise<void> {
  for (;;) {
    const seen = await read();
    if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('requests are refused while memory is short, and served again when it is free', { timeout: 20_000 }, async (t) => {
  const MB = 2 ** 20;
  const { get, stats } = await start(t, {
    resource_monitors: [
      {
        name: HEAP,
        typed_config: {
          '@type': `${TYPE}.resource_monitors.fixed_heap.v3.FixedHeapConfig`,
          max_heap_size_bytes: String(heapBytes() + 400 * MB),
        },
      },
    ],
    actions: [
      { name: 'envoy.overload_actions.stop_accepting_requests', triggers: [{ name: HEAP, threshold: { value: 0.8 } }] },
      { name: 'envoy.overload_actions.disable_http_keepalive', triggers: [{ name: HEAP, threshold: { value: 0.7 } }] },
    ],
  });
  assert.deepEqual(await get(), [200, 'hello', null]);
  let ballast: Buffer | undefined = Buffer.alloc(420 * MB);
  await until([503, 'envoy overloaded', 'close'], get);
  assert.match(await stats('stop_accepting_requests.active'), /: 1\n/);
  assert.match(await stats('downstream_rq_overload_close'), /: [1-9]/);
  assert.ok(ballast);
  ballast = undefined;
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  await until([200, 'hello', null], get);
});

test('connections above the limit are closed, and taken again when there is room', { timeout: 20_000 }, async (t) => {
  const { port, stats } = await start(t, {
    resource_monitors: [
      {
        name: CONNECTIONS,
        typed_config: {
          '@type': `${TYPE}.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig`,
          max_active_downstream_connections: '2',
        },
      },
    ],
  });
  const ask = async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const first = await Promise.race([
      once(socket, 'data').then(() => 'served'),
      once(socket, 'close').then(() => 'closed'),
    ]);
    return { socket, first };
  };
  const open = [await ask(), await ask()];
  assert.deepEqual(
    open.map(({ first }) => first),
    ['served', 'served'],
  );
  assert.equal((await ask()).first, 'closed');
  assert.match(await stats('downstream_global_cx_overflow'), /: 1\n/);
  open[0]!.socket.destroy();
  await until('served', async () => {
    const again = await ask();
    again.socket.destroy();
    return again.first;
  });
  open[1]!.socket.destroy();
});
