// The small HTTP filters do to requests and responses what Envoy's do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { clusterOf, httpFilter, perRoute, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

test(
  'header mutations follow one another, and those of routes come after the listener’s',
  { skip },
  async (context) => {
    const add = (key: string, value: string, action = 'APPEND_IF_EXISTS_OR_ADD') => ({
      append: { header: { key, value }, append_action: action },
    });
    const mutations = {
      request_mutations: [add('x-a', 'one'), { remove: 'x-drop' }, add('x-b', '%REQ(x-a)%'), add('x-a', 'two')],
      response_mutations: [add('x-seen', '%RESPONSE_CODE%'), { remove: 'x' }, add('x', 'new', 'OVERWRITE_IF_EXISTS')],
    };
    const ofRoute = {
      mutations: {
        request_mutations: [add('x-a', 'route', 'OVERWRITE_IF_EXISTS_OR_ADD')],
        response_mutations: [add('x-seen', 'route')],
      },
    };
    const ofHost = {
      mutations: { request_mutations: [add('x-a', 'host')], response_mutations: [add('x-seen', 'host')] },
    };
    const listener = (wins: boolean) => ({
      filters: [
        httpFilter('header_mutation', 'HeaderMutation', { mutations, most_specific_header_mutations_wins: wins }),
      ],
      virtualHost: { typed_per_filter_config: perRoute('header_mutation', 'HeaderMutationPerRoute', ofHost) },
      routes: [
        {
          match: { prefix: '/route' },
          route: { cluster: 'echo' },
          typed_per_filter_config: perRoute('header_mutation', 'HeaderMutationPerRoute', ofRoute),
        },
        { match: { prefix: '/direct' }, direct_response: { status: 403, body: { inline_string: 'no' } } },
        { match: { prefix: '/' }, route: { cluster: 'echo' } },
      ],
    });
    const pair = await startPairedProxies(context, { listeners: [listener(false), listener(true)] });
    for (const index of [0, 1]) {
      for (const path of ['/', '/route', '/direct']) {
        await pair.same(index, { path, headers: { 'x-drop': 'me' } });
        await pair.same(index, { path, headers: { 'x-a': 'sent', x: 'y' } });
      }
    }
  },
);

test(
  'a buffered request has its length, one that is too long is refused, and routes may say otherwise',
  { skip },
  async (context) => {
    const buffer = httpFilter('buffer', 'Buffer', { max_request_bytes: 8 });
    const route = (prefix: string, config: object) => ({
      match: { prefix },
      route: { cluster: 'echo' },
      typed_per_filter_config: perRoute('buffer', 'BufferPerRoute', config),
    });
    const pair = await startPairedProxies(context, {
      listeners: [
        {
          filters: [buffer],
          routes: [
            route('/long', { buffer: { max_request_bytes: 20 } }),
            route('/off', { disabled: true }),
            { match: { prefix: '/' }, route: { cluster: 'echo' } },
          ],
        },
      ],
    });
    for (const path of ['/', '/long', '/off']) {
      for (const body of ['', 'short', 'just 8 b', 'more than eight', 'more than twenty bytes']) {
        await pair.same(0, { method: 'POST', path, body });
        if (body !== '')
          await pair.same(0, { method: 'POST', path, body, headers: { 'transfer-encoding': 'chunked' } });
      }
    }
  },
);

test(
  'health checks are answered here, by the health of clusters, and pass through where that is wanted',
  { skip },
  async (context) => {
    const check = (fields: object) => ({
      filters: [
        httpFilter('health_check', 'HealthCheck', {
          headers: [{ name: ':path', string_match: { exact: '/healthz' } }],
          ...fields,
        }),
      ],
    });
    const pair = await startPairedProxies(context, {
      listeners: [
        check({ pass_through_mode: false }),
        check({ pass_through_mode: true }),
        check({ pass_through_mode: false, cluster_min_healthy_percentages: { echo: { value: 50 } } }),
        check({ pass_through_mode: false, cluster_min_healthy_percentages: { empty: { value: 50 } } }),
      ],
      clusters: [{ name: 'empty', type: 'STATIC', connect_timeout: '1s', load_assignment: { cluster_name: 'empty' } }],
    });
    for (const listener of [0, 1, 2, 3]) {
      await pair.same(listener, { path: '/healthz' });
      await pair.same(listener, { path: '/other' });
    }
    const post = (port: number, path: string) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' });
    for (const action of ['fail', 'ok']) {
      for (const { admin } of [pair.envoy, pair.ours])
        assert.equal((await post(admin, `/healthcheck/${action}`)).status, 200);
      await pair.same(0, { path: '/healthz' });
      await pair.same(2, { path: '/healthz' });
    }
  },
);

test('metadata that a filter sets is there for those after it', { skip }, async (context) => {
  const metadata = [
    { metadata_namespace: 'a', value: { one: { list: [1], word: 'x' } } },
    { metadata_namespace: 'a', value: { one: { list: [2], word: 'y' }, two: true } },
    { metadata_namespace: 'b', value: { three: 'first' } },
    { metadata_namespace: 'b', value: { three: 'second' }, allow_overwrite: true },
  ];
  const shown = ['a:one:word', 'a:one', 'a:two', 'b:three', 'b:none'].map((key, index) => ({
    append: { header: { key: `x-m${index}`, value: `%DYNAMIC_METADATA(${key})%` } },
  }));
  const pair = await startPairedProxies(context, {
    listeners: [
      {
        filters: [
          httpFilter('set_metadata', 'Config', { metadata }),
          httpFilter('header_mutation', 'HeaderMutation', { mutations: { request_mutations: shown } }),
        ],
      },
    ],
  });
  const { upstream } = await pair.same(0, {});
  assert.equal(upstream?.headers['x-m0'], 'x');
});

test(
  'sidecars tell each other the names of operations even where nobody collects traces',
  { skip },
  async (context) => {
    const decorated = (operation: string, propagate = true) => ({
      match: { prefix: `/${operation}` },
      route: { cluster: 'echo' },
      decorator: { operation, propagate },
    });
    const routes = [
      decorated('told'),
      decorated('kept', false),
      { match: { prefix: '/' }, route: { cluster: 'echo' } },
    ];
    const listener = (direction: string) => ({
      filters: [],
      routes,
      manager: { tracing: { random_sampling: { value: 100 } } },
      listener: { traffic_direction: direction },
    });
    const pair = await startPairedProxies(context, { listeners: ['INBOUND', 'OUTBOUND', 'UNSPECIFIED'].map(listener) });
    for (const index of [0, 1, 2]) {
      for (const path of ['/told', '/kept', '/']) {
        await pair.same(index, { path });
        await pair.same(index, { path, headers: { 'x-envoy-decorator-operation': 'said' } });
      }
    }
  },
);

test(
  'an upstream that fails is spoken of in the same words, to the client and in the log',
  { skip },
  async (context) => {
    const servers = await Promise.all(
      [
        (socket: Socket) => socket.resetAndDestroy(),
        (socket: Socket) => socket.end(),
        (socket: Socket) => socket.end('what?\r\n\r\n'),
      ].map(async (fail) => {
        const server = createServer((socket) => socket.on('error', () => {}).once('data', () => fail(socket)));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        context.after(() => server.close());
        return (server.address() as AddressInfo).port;
      }),
    );
    const names = ['closed', 'reset', 'ended', 'garbled'];
    const show = (key: string, value: string) => ({ append: { header: { key, value } } });
    const mutations = {
      response_mutations: [show('x-details', '%RESPONSE_CODE_DETAILS%'), show('x-flags', '%RESPONSE_FLAGS%')],
    };
    const pair = await startPairedProxies(context, {
      listeners: [
        {
          filters: [httpFilter('header_mutation', 'HeaderMutation', { mutations })],
          routes: names.map((name) => ({ match: { prefix: `/${name}` }, route: { cluster: name } })),
        },
      ],
      // Nothing listens on port 1.
      clusters: [1, ...servers].map((port, index) => clusterOf(names[index]!, port)),
    });
    for (const name of names) assert.ok((await pair.same(0, { path: `/${name}` })).status >= 502);
  },
);

test('a fault can slow a response down, by configuration and by header', { skip, timeout: 60_000 }, async (context) => {
  const limit = (fields: object) => ({
    filters: [
      {
        // A name of its own.
        name: 'slow',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
          response_rate_limit: { percentage: { numerator: 100 }, ...fields },
        },
      },
    ],
  });
  const pair = await startPairedProxies(context, {
    listeners: [limit({ fixed_limit: { limit_kbps: 8 } }), limit({ header_limit: {} })],
  });
  // The upstream answers with what it got: some 12 KiB.
  const body = 'x'.repeat(12_000);
  const timed = async (listener: number, headers: Record<string, string>) => {
    const began = performance.now();
    await pair.same(listener, { method: 'POST', body, headers });
    return performance.now() - began;
  };
  assert.ok((await timed(0, {})) > 700);
  assert.ok((await timed(1, { 'x-envoy-fault-throughput-response': '8' })) > 700);
  await timed(1, {});
});
