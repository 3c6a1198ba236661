// Rate limits refuse the requests that Envoy's refuse, and show and count what Envoy shows and counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { clusterOf, httpFilter, type PairedProxies, perRoute, startPairedProxies } from './support/paired-proxies.ts';
import { startRateLimitServer } from './support/rate-limit-service.ts';

const skip = withoutEnvoy;

const ALWAYS = { default_value: { numerator: 100, denominator: 'HUNDRED' } };
const HOUR = '3600s';
const bucket = (max: number, fill: object = {}) => ({ max_tokens: max, fill_interval: HOUR, ...fill });
const on = { filter_enabled: ALWAYS, filter_enforced: ALWAYS };
const local = (fields: object) =>
  httpFilter('local_ratelimit', 'LocalRateLimit', { stat_prefix: 'lim', ...on, ...fields });
const localRoute = (fields: object) =>
  perRoute('local_ratelimit', 'LocalRateLimit', { stat_prefix: 'route', ...on, ...fields });
const add = (key: string, value: string) => ({ header: { key, value } });
const echo = (fields: object = {}) => ({ cluster: 'echo', ...fields });
const limits = (...actions: object[]) => ({ rate_limits: actions.map((action) => ({ actions: [action] })) });

test(
  'a bucket refuses what is too much, with the status and headers that are configured',
  { skip },
  async (context) => {
    const listener = (fields: object) => ({ filters: [local(fields)] });
    const pair = await startPairedProxies(context, {
      listeners: [
        listener({ token_bucket: bucket(3), enable_x_ratelimit_headers: 'DRAFT_VERSION_03' }),
        listener({
          token_bucket: bucket(1),
          status: { code: 503 },
          response_headers_to_add: [add('x-limited', '%RESPONSE_CODE%'), add('x-path', '%REQ(:path)%')],
          rate_limited_as_resource_exhausted: true,
          enable_retry_after_header: true,
        }),
        listener({
          token_bucket: bucket(1),
          filter_enforced: { default_value: { numerator: 0 } },
          request_headers_to_add_when_not_enforced: [add('x-would-be', 'limited')],
        }),
        listener({ token_bucket: bucket(1), filter_enabled: { default_value: { numerator: 0 } } }),
        listener({}),
        listener({
          token_bucket: bucket(1),
          enable_retry_after_header: true,
          enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
        }),
        listener({ token_bucket: bucket(1), status: { code: 201 }, local_rate_limit_per_downstream_connection: true }),
      ],
    });
    for (const index of [0, 1, 2, 3, 4, 5, 6]) {
      for (let count = 0; count < 5; count++) await pair.same(index, { path: `/${count}` });
    }
    await pair.same(1, { method: 'POST', headers: { 'content-type': 'application/grpc' } });
    await pair.same(0, { method: 'POST', headers: { 'content-type': 'application/grpc' } });
    await sameStats(pair, 'http_local_rate_limit');
  },
);

test(
  'descriptors have buckets of their own, by what a request’s route and virtual host say',
  { skip },
  async (context) => {
    const descriptor = (max: number, ...entries: [string, string][]) => ({
      entries: entries.map(([key, value]) => ({ key, value })),
      token_bucket: bucket(max),
    });
    const header = (name: string, key: string, skipped = false) => ({
      request_headers: { header_name: name, descriptor_key: key, skip_if_absent: skipped },
    });
    const fields = {
      token_bucket: bucket(1000),
      enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
      max_dynamic_descriptors: 2,
      descriptors: [
        descriptor(2, ['user', 'ann']),
        descriptor(3, ['user', '']),
        descriptor(1, ['generic_key', 'host']),
        descriptor(1, ['generic_key', 'later']),
        descriptor(2, ['k', 'matched']),
        descriptor(2, ['query_match', 'q']),
        descriptor(2, ['masked_remote_address', '127.0.0.0/8']),
        descriptor(2, ['masked_remote_address', '127.0.0.0/9'], ['remote_address', '127.0.0.1']),
        descriptor(1, ['source_cluster', 'test'], ['destination_cluster', 'echo']),
        descriptor(1, ['meta', 'of-route']),
        descriptor(1, ['dynamic', 'said']),
        descriptor(1, ['parameter', 'a b']),
        { ...descriptor(1, ['generic_key', 'shadow']), shadow_mode: true },
      ],
    };
    const route = (prefix: string, action: object, more: object = {}) => ({
      match: { prefix },
      route: echo(action),
      ...more,
    });
    const key = (path: string) => ({ metadata_key: { key: 'ns', path: [{ key: path }] } });
    const said = httpFilter('set_metadata', 'Config', {
      metadata: [{ metadata_namespace: 'ns', value: { d: 'said' } }],
    });
    const pair = await startPairedProxies(context, {
      listeners: [
        {
          filters: [said, local(fields)],
          virtualHost: { rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'host' } }] }] },
          routes: [
            route('/user', limits(header('x-user', 'user'))),
            route('/both', { ...limits(header('x-user', 'user')), include_vh_rate_limits: true }),
            route('/later', { rate_limits: [{ stage: 1, actions: [{ generic_key: { descriptor_value: 'later' } }] }] }),
            route('/keyed', {
              rate_limits: [{ disable_key: 'off', actions: [{ generic_key: { descriptor_value: 'host' } }] }],
            }),
            route(
              '/match',
              limits({
                header_value_match: {
                  descriptor_key: 'k',
                  descriptor_value: 'matched',
                  headers: [{ name: 'x-m', string_match: { exact: 'yes' } }],
                },
              }),
            ),
            route(
              '/unmatched',
              limits({
                header_value_match: {
                  descriptor_key: 'k',
                  descriptor_value: 'matched',
                  expect_match: false,
                  headers: [{ name: 'x-m', string_match: { exact: 'yes' } }],
                },
              }),
            ),
            route(
              '/query',
              limits({
                query_parameter_value_match: {
                  descriptor_value: 'q',
                  query_parameters: [{ name: 'a b', string_match: { exact: 'c&d' } }],
                },
              }),
            ),
            route(
              '/parameter',
              limits({ query_parameters: { query_parameter_name: 'p', descriptor_key: 'parameter' } }),
            ),
            route('/masked', limits({ masked_remote_address: { v4_prefix_mask_len: 8 } })),
            route('/two', {
              rate_limits: [
                { actions: [{ masked_remote_address: { v4_prefix_mask_len: 9 } }, { remote_address: {} }] },
              ],
            }),
            route('/clusters', { rate_limits: [{ actions: [{ source_cluster: {} }, { destination_cluster: {} }] }] }),
            route('/metadata', limits({ metadata: { descriptor_key: 'meta', source: 'ROUTE_ENTRY', ...key('r') } }), {
              metadata: { filter_metadata: { ns: { r: 'of-route' } } },
            }),
            route('/dynamic', limits({ metadata: { descriptor_key: 'dynamic', ...key('d') } })),
            route(
              '/default',
              limits({ metadata: { descriptor_key: 'dynamic', default_value: 'said', ...key('none') } }),
            ),
            route('/format', limits({ generic_key: { descriptor_key: 'user', descriptor_value: '%REQ(x-user)%' } })),
            route('/quiet', {
              rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'nobody' } }], x_ratelimit_option: 'OFF' }],
            }),
            route('/shadow', limits({ generic_key: { descriptor_value: 'shadow' } })),
            { match: { prefix: '/direct' }, direct_response: { status: 200 } },
            route('/', {}),
          ],
        },
      ],
    });
    const plain = [
      '/',
      '/keyed',
      '/later',
      '/clusters',
      '/metadata',
      '/dynamic',
      '/default',
      '/two',
      '/masked',
      '/direct',
    ];
    for (const path of [...plain, '/quiet', '/shadow'])
      for (let count = 0; count < 3; count++) await pair.same(0, { path });
    for (const user of ['ann', 'ann', 'ann', 'bob', 'bob', 'bob', 'bob', 'eve', 'dan', 'bob', 'eve', '']) {
      await pair.same(0, { path: '/user', headers: { 'x-user': user } });
      await pair.same(0, { path: '/format', headers: { 'x-user': `f-${user}` } });
    }
    await pair.same(0, { path: '/user' });
    await pair.same(0, { path: '/format' });
    for (let count = 0; count < 3; count++) {
      await pair.same(0, { path: '/both', headers: { 'x-user': 'fay' } });
      for (const value of ['yes', 'no']) {
        await pair.same(0, { path: '/match', headers: { 'x-m': value } });
        await pair.same(0, { path: '/unmatched', headers: { 'x-m': value } });
      }
      await pair.same(0, { path: '/query?a%20b=c%26d' });
      await pair.same(0, { path: '/query?a%20b=c' });
      await pair.same(0, { path: '/parameter?x=y&p=a%20b' });
    }
    for (const cost of ['3', '0', 'x', '2', '1', '0.5', '1', '-1', '9', ''])
      await pair.same(0, { path: '/costly', headers: { 'x-cost': cost } });
    await sameStats(pair, 'http_local_rate_limit');
  },
);

test('routes and virtual hosts have limits in the listener’s place', { skip }, async (context) => {
  const keyed = (value: string, max = 1) => ({ entries: [{ key: 'generic_key', value }], token_bucket: bucket(max) });
  const own = { actions: [{ generic_key: { descriptor_value: 'own' } }] };
  const route = (prefix: string, config: object, action: object = {}) => ({
    match: { prefix },
    route: echo(action),
    typed_per_filter_config: localRoute(config),
  });
  const host = limits({ generic_key: { descriptor_value: 'host' } });
  const pair = await startPairedProxies(context, {
    listeners: [
      {
        filters: [local({})],
        virtualHost: { typed_per_filter_config: localRoute({ stat_prefix: 'host', token_bucket: bucket(2) }) },
        routes: [
          route('/route', { token_bucket: bucket(1), enable_x_ratelimit_headers: 'DRAFT_VERSION_03' }),
          route(
            '/own',
            {
              token_bucket: bucket(3),
              descriptors: [keyed('own'), keyed('route')],
              always_consume_default_token_bucket: false,
              rate_limits: [own],
            },
            limits({ generic_key: { descriptor_value: 'route' } }),
          ),
          route('/costly', {
            token_bucket: bucket(100),
            descriptors: [keyed('own', 4)],
            enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
            rate_limits: [{ ...own, hits_addend: { format: '%REQ(x-cost)%' } }],
          }),
          { match: { prefix: '/direct' }, direct_response: { status: 200 } },
          { match: { prefix: '/' }, route: echo() },
        ],
      },
      {
        filters: [
          local({ token_bucket: bucket(100), vh_rate_limits: 'INCLUDE', descriptors: [keyed('host'), keyed('route')] }),
        ],
        virtualHost: host,
        routes: [
          { match: { prefix: '/route' }, route: echo(limits({ generic_key: { descriptor_value: 'route' } })) },
          { match: { prefix: '/' }, route: echo() },
        ],
      },
      {
        filters: [local({ token_bucket: bucket(100), vh_rate_limits: 'IGNORE', descriptors: [keyed('host')] })],
        virtualHost: host,
      },
    ],
  });
  for (const path of ['/', '/route', '/own', '/direct', '/']) {
    for (const index of [0, 1, 2]) for (let count = 0; count < 3; count++) await pair.same(index, { path });
  }
  for (const cost of ['3', '0', 'x', '2', '1', '0.5', '1', '-1', '9', '']) {
    await pair.same(0, { path: '/costly', headers: { 'x-cost': cost } });
  }
  await sameStats(pair, 'http_local_rate_limit');
});

test(
  'a rate limit service is asked as Envoy asks it, and its answers are heeded as Envoy does',
  { skip },
  async (context) => {
    const service = await startRateLimitServer();
    context.after(() => service.close());
    const http2 = {
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    };
    const global = (fields: object, cluster = 'limits') =>
      httpFilter('ratelimit', 'RateLimit', {
        domain: 'paired',
        timeout: '5s',
        rate_limit_service: { transport_api_version: 'V3', grpc_service: { envoy_grpc: { cluster_name: cluster } } },
        ...fields,
      });
    const say = { request_headers: { header_name: 'x-say', descriptor_key: 'say' } };
    const show = httpFilter('header_mutation', 'HeaderMutation', {
      mutations: {
        request_mutations: [
          { append: { header: { key: 'x-said', value: '%DYNAMIC_METADATA(envoy.filters.http.ratelimit:said)%' } } },
        ],
      },
    });
    const route = (prefix: string, limit: object, more: object = {}, action: object = {}) => ({
      match: { prefix },
      route: echo({ rate_limits: [{ actions: [say], ...limit }], ...action }),
      ...more,
    });
    const ofRoute = (fields: object) => ({
      typed_per_filter_config: perRoute('ratelimit', 'RateLimitPerRoute', fields),
    });
    const routes = [
      route('/hits', { hits_addend: { number: 7 } }),
      route('/format', { hits_addend: { format: '%REQ(x-hits)%' } }),
      route('/limit', { limit: { dynamic_metadata: { metadata_key: { key: 'ns', path: [{ key: 'limit' }] } } } }),
      route('/stage', { stage: 2 }),
      route('/keyed', { disable_key: 'none' }),
      route('/domain', {}, ofRoute({ domain: 'other', vh_rate_limits: 'INCLUDE' })),
      route('/own', {}, ofRoute({ rate_limits: [{ actions: [say, { generic_key: { descriptor_value: 'own' } }] }] })),
      route('/cost', {}, ofRoute({ rate_limits: [{ actions: [say], hits_addend: { format: '%REQ(x-hits)%' } }] })),
      route(
        '/done',
        {},
        ofRoute({ rate_limits: [{ actions: [say], hits_addend: { number: 3 }, apply_on_stream_done: true }] }),
      ),
      route('/later', { apply_on_stream_done: true }),
      route('/ignore', {}, ofRoute({ override_option: 'IGNORE_POLICY' })),
      route('/both', {}, {}, { include_vh_rate_limits: true }),
      { match: { prefix: '/host' }, route: echo() },
      { match: { prefix: '/direct' }, direct_response: { status: 200 } },
      { match: { prefix: '/missing' }, route: { cluster_header: 'x-nowhere' } },
      route('/', {}),
    ];
    const virtualHost = {
      rate_limits: [{ actions: [say, { generic_key: { descriptor_key: 'k', descriptor_value: 'host' } }] }],
    };
    const set = httpFilter('set_metadata', 'Config', {
      metadata: [{ metadata_namespace: 'ns', value: { limit: { requests_per_unit: 42, unit: 'HOUR' } } }],
    });
    const listener = (fields: object, cluster?: string) => ({
      filters: [set, global(fields, cluster), show],
      routes,
      virtualHost,
    });
    const pair = await startPairedProxies(context, {
      listeners: [
        listener({}),
        listener({
          enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
          failure_mode_deny: true,
          status_on_error: { code: 503 },
          rate_limited_status: { code: 503 },
          rate_limited_as_resource_exhausted: true,
          disable_x_envoy_ratelimited_header: true,
          response_headers_to_add: [add('x-limited', '%RESPONSE_CODE_DETAILS%')],
          stat_prefix: 'second',
        }),
        listener({ failure_mode_deny: true, request_type: 'external', enable_retry_after_header: true }),
        listener({ filter_enforced: { default_value: { numerator: 0 } }, request_type: 'internal' }),
        listener({ filter_enabled: { default_value: { numerator: 0 } } }),
        listener({ timeout: '0.2s', failure_mode_deny: true }),
        listener({}, 'gone'),
        listener({ rate_limits: [{ actions: [say, { generic_key: { descriptor_value: 'embedded' } }] }] }),
      ],
      clusters: [clusterOf('limits', service.port, http2), clusterOf('gone', 1, http2)],
      bootstrap: {},
    });
    const same = async (index: number, path: string, headers: Record<string, string>, method = 'GET') => {
      const before = service.asked.length;
      await pair.same(index, { path, headers, method });
      const asked = service.asked.slice(before);
      assert.deepEqual(asked.slice(0, asked.length / 2), asked.slice(asked.length / 2), path);
      return asked.length / 2;
    };
    assert.equal(await same(0, '/', { 'x-say': 'ok' }), 1);
    for (const index of [0, 1, 2, 3, 4, 6, 7]) {
      for (const answer of ['ok', 'over', 'plain-over', 'fail']) await same(index, '/', { 'x-say': answer });
      await same(index, '/', {});
      await same(index, '/', { 'x-say': 'over', 'x-envoy-internal': 'true' });
      await same(index, '/', { 'x-say': 'over', 'content-type': 'application/grpc' }, 'POST');
    }
    await same(5, '/', { 'x-say': 'silent' });
    for (const path of [
      '/format',
      '/hits',
      '/limit',
      '/stage',
      '/keyed',
      '/domain',
      '/own',
      '/ignore',
      '/both',
      '/host',
    ])
      await same(0, path, { 'x-say': 'ok', 'x-hits': '12' });
    const before = service.asked.length;
    await pair.same(0, { path: '/done', headers: { 'x-say': 'over' } });
    await service.untilAsked(before + 2);
    assert.equal(service.asked[before], service.asked[before + 1]);
    for (const path of ['/direct', '/missing']) await same(0, path, { 'x-say': 'over' });
    await sameStats(pair, '[.]ratelimit[.]');
    await sameStats(pair, 'cluster.echo.upstream_rq_(429|503)');
  },
);

/** Stats whose names have `part` in them have the same values. */
async function sameStats(pair: PairedProxies, part: string): Promise<void> {
  const read = async (port: number) => {
    const response = await fetch(`http://127.0.0.1:${port}/stats?filter=${encodeURIComponent(part)}`);
    return (await response.text()).trim().split('\n').sort();
  };
  const [theirs, own] = await Promise.all([read(pair.envoy.admin), read(pair.ours.admin)]);
  assert.ok(theirs[0] !== '');
  assert.deepEqual(own, theirs);
}
