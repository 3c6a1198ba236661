// Redis goes through the sidecar as it is, and is counted as Envoy counts it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { startRedis } from '@meltemi/testkit';
import { startEnvoy, withoutEnvoy } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { clusterOf } from './support/paired-proxies.ts';
import { startProxyProcess } from './support/proxy-process.ts';

const program = process.env['MELTEMI_REDIS'];
const skip = withoutEnvoy || (program ? false : 'MELTEMI_REDIS names no redis-server');

async function redisFor(context: TestContext, port: number): Promise<void> {
  const redis = await startRedis(program!, port);
  context.after(() => redis.stop());
}

function bootstrapOf(port: number, admin: number, redis: number): JsonObject {
  const address = (value: number) => ({ socket_address: { address: '127.0.0.1', port_value: value } });
  const proxy = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy',
    stat_prefix: 'cache',
    settings: { op_timeout: '5s' },
    prefix_routes: { catch_all_route: { cluster: 'redis' } },
  };
  return {
    node: { id: 'redis', cluster: 'test' },
    admin: { address: address(admin) },
    static_resources: {
      clusters: [clusterOf('redis', redis)],
      listeners: [
        {
          name: 'redis',
          address: address(port),
          filter_chains: [{ filters: [{ name: 'redis', typed_config: proxy }] }],
        },
      ],
    },
  };
}

/** Sends commands one after the other and collects the answers. */
async function talk(port: number, commands: readonly (readonly string[])[]): Promise<readonly string[]> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setEncoding('latin1');
  const answers: string[] = [];
  for (const words of commands) {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join('')}`);
    answers.push(await answer(socket));
  }
  socket.end();
  await once(socket, 'close');
  return answers;
}

/** Of one command that is answered by a line or a text. */
async function answer(socket: Socket): Promise<string> {
  let text = '';
  while (!/^(?:[+\-:].*\r\n|\$-1\r\n|\$\d+\r\n[^]*\r\n)$/.test(text)) {
    const [chunk] = (await once(socket, 'data')) as [string];
    text += chunk;
  }
  return text;
}

async function counters(admin: number): Promise<Record<string, number>> {
  const page = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=^redis.cache.&format=json`)).json();
  const { stats } = page as { readonly stats: readonly { readonly name?: string; readonly value?: number }[] };
  return Object.fromEntries(
    stats.flatMap(({ name, value }) => (name !== undefined && value !== undefined ? [[name, value]] : [])),
  );
}

test(
  'a client gets what it gets from Redis itself, and commands are counted',
  { skip, timeout: 60_000 },
  async (context) => {
    const [redis, ...ports] = await freePorts(5);
    await redisFor(context, redis!);
    const [theirs, theirAdmin, own, ownAdmin] = ports as [number, number, number, number];
    const started = await Promise.all([
      startEnvoy(bootstrapOf(theirs, theirAdmin, redis!)),
      startProxyProcess(bootstrapOf(own, ownAdmin, redis!)),
    ]);
    for (const each of started) context.after(() => each.stop());
    const commands = [
      ['SET', 'a', 'one'],
      ['get', 'a'],
      ['GET', 'none'],
      ['INCR', 'a'],
      ['DEL', 'a'],
      ['SET', 'big', 'x'.repeat(100_000)],
      ['STRLEN', 'big'],
    ];
    const direct = await talk(redis!, commands);
    assert.deepEqual(await talk(own, commands), direct);
    assert.deepEqual(await talk(theirs, commands), direct);
    const [envoy, ours] = [await counters(theirAdmin), await counters(ownAdmin)];
    const names = ['set', 'get', 'incr', 'del', 'strlen'].flatMap((command) =>
      ['total', 'success', 'error'].map((kind) => `redis.cache.command.${command}.${kind}`),
    );
    const others = ['downstream_cx_total', 'downstream_cx_active', 'downstream_rq_total', 'downstream_rq_active'];
    for (const name of [...names, ...others.map((each) => `redis.cache.${each}`)])
      assert.equal(ours[name], envoy[name], name);
    assert.equal(ours['redis.cache.command.get.total'], 2);
    assert.equal(ours['redis.cache.command.incr.success'], 1);
  },
);

test(
  'bytes that are no Redis are carried on and counted as a mistake of the client',
  { skip, timeout: 60_000 },
  async (context) => {
    const [redis, port, admin] = (await freePorts(3)) as [number, number, number];
    await redisFor(context, redis);
    const proxy = await startProxyProcess(bootstrapOf(port, admin, redis));
    context.after(() => proxy.stop());
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setEncoding('latin1');
    socket.write('PING\r\n');
    assert.equal(await answer(socket), '+PONG\r\n');
    const seen = await counters(admin);
    assert.equal(seen['redis.cache.downstream_cx_protocol_error'], 1);
    assert.equal(seen['redis.cache.downstream_rq_active'], 0);
    socket.destroy();
  },
);
