// Authorization servers are asked the same, and their answers are heeded the same, as by Envoy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@bufbuild/protobuf';
import { withoutEnvoy } from './support/envoy.ts';
import { type AuthzServer, startGrpcAuthz, startHttpAuthz, VERDICT } from './support/authz-servers.ts';
import { clusterOf, httpFilter, type PairedProxies, perRoute, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

const grpc = (fields: object = {}, timeout = '1s', cluster = 'grpc') =>
  httpFilter('ext_authz', 'ExtAuthz', {
    grpc_service: { envoy_grpc: { cluster_name: cluster }, timeout },
    transport_api_version: 'V3',
    ...fields,
  });

const http = (service: object = {}, fields: object = {}, timeout = '1s') =>
  httpFilter('ext_authz', 'ExtAuthz', {
    http_service: { server_uri: { uri: 'http://authz.test', cluster: 'http', timeout }, ...service },
    transport_api_version: 'V3',
    ...fields,
  });

const metadata = httpFilter('header_mutation', 'HeaderMutation', {
  mutations: {
    request_mutations: ['team', 'x-meta'].map((key) => ({
      append: { header: { key: `x-m-${key}`, value: `%DYNAMIC_METADATA(envoy.filters.http.ext_authz:${key})%` } },
    })),
  },
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Record<string, string | string[]>;
}

/** Values that no two connections or moments share. */
const CHANGING =
  /"(id|time|portValue|x-request-id|x-forwarded-for|x-envoy-internal|x-envoy-expected-rq-timeout-ms|expected)":("[^"]*"|\d+)|"(size)":"\d{4,}"/g;

/** Sends all to each listener of both proxies; both servers' views have to be the same. */
async function sameForAll(
  pair: PairedProxies,
  server: AuthzServer,
  listeners: readonly number[],
  requests: readonly Sent[],
) {
  for (const listener of listeners) for (const request of requests) await pair.same(listener, request);
  for (const [id, views] of server.seen) {
    if (views.length !== 2) continue;
    const [one, other] = views.map((view) =>
      sorted(JSON.parse(JSON.stringify(view).replaceAll(CHANGING, '"$1$3":0')) as JsonValue),
    );
    assert.deepEqual(one, other, `what was asked of request ${id}`);
  }
  assert.ok(
    [...server.seen.values()].some((views) => views.length === 2),
    'both asked',
  );
}

/** Raw headers have an order of their own. */
function sorted(view: JsonValue): JsonValue {
  if (Array.isArray(view)) return view.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof view !== 'object' || view === null) return view;
  if (view['key'] === 'x-request-id') return 'x-request-id';
  // Of no body one says so, the other nothing.
  if (view['content-length'] === '0') delete view['content-length'];
  return Object.fromEntries(
    Object.entries(view)
      .filter(
        ([name]) =>
          ![
            'x-forwarded-for',
            'x-envoy-internal',
            'x-envoy-expected-rq-timeout-ms',
            'connection',
            'transfer-encoding',
          ].includes(name),
      )
      .map(([name, value]) => [name, sorted(value)]),
  );
}

async function sameStats({ envoy, ours }: PairedProxies): Promise<void> {
  const [theirs, own] = await Promise.all(
    [envoy, ours].map(async ({ admin }) => {
      const text = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=^http.*ext_authz`)).text();
      return text
        .split('\n')
        .filter((line) => line !== '' && !/collision|omitted|limits|shadow/.test(line))
        .sort();
    }),
  );
  assert.deepEqual(own, theirs);
}

const verdict = (value: object | string, more: Sent = {}): Sent => ({
  ...more,
  headers: { ...more.headers, [VERDICT]: typeof value === 'string' ? value : JSON.stringify(value) },
});
const ok = (okResponse: object, more: object = {}) => ({ okResponse, ...more });
const no = (deniedResponse: object, code = 7) => ({ status: { code }, deniedResponse });
const option = (key: string, value: string, fields: object = {}) => ({ header: { key, value }, ...fields });

const ACTIONS = ['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS'];
const KINDS = [{}, { append: true }, { append: false }, ...ACTIONS.map((appendAction) => ({ appendAction }))];

const GRPC_REQUESTS: readonly Sent[] = [
  {},
  { method: 'POST', path: '/p?q=1', body: 'some body' },
  { headers: { 'x-many': ['one', 'two'], 'x-empty': '', 'x-latin': 'caf\u00e9' } },
  ...KINDS.flatMap((kind) => [
    verdict(ok({ headers: [option('x-there', 'new', kind), option('x-new', 'a', kind), option('x-new', 'b', kind)] }), {
      headers: { 'x-there': 'old' },
    }),
    verdict(
      ok({
        responseHeadersToAdd: [option('x', 'new', kind), option('x-none', 'a', kind), option('x-none', 'b', kind)],
      }),
    ),
  ]),
  verdict(
    ok({ headers: [option('X-Upper', 'v')], headersToRemove: ['x-gone', 'X-There', ':path', 'host', 'bad name'] }),
    { headers: { 'x-gone': '1', 'x-there': '2' } },
  ),
  verdict(
    ok({
      queryParametersToSet: [
        { key: 'a', value: '1' },
        { key: 'n', value: '' },
      ],
    }),
    { path: '/p?b=2&a=0&a=3' },
  ),
  verdict(ok({ queryParametersToRemove: ['a', 'none'] }), { path: '/p?b=2&a=0&c' }),
  verdict(ok({ queryParametersToRemove: ['a'] }), { path: '/p?a=0' }),
  verdict(ok({ headers: [option('x-route', 'other')] }), { path: '/r' }),
  verdict(ok({ headers: [option(':path', '/changed')] })),
  verdict(ok({}, { dynamicMetadata: { team: 'red' } })),
  verdict(ok({ dynamicMetadata: { team: 'blue' } }, { dynamicMetadata: { team: 'red' } })),
  verdict({ status: { code: 7 } }),
  verdict({ status: { code: 16, message: 'x' }, dynamicMetadata: { team: 'red' } }),
  verdict(
    no({
      status: { code: 'Unauthorized' },
      body: 'who are you?',
      headers: [
        option('x-why', 'because'),
        option('set-cookie', 'a=1'),
        option('set-cookie', 'b=2'),
        option('content-type', 'text/html'),
      ],
    }),
  ),
  verdict(
    no({
      status: { code: 'Found' },
      headers: [option('location', 'http://login.test/'), option('content-length', '5')],
    }),
  ),
  verdict(no({ body: 'ümlaut' }, 5)),
  verdict(no({ body: 'no' }), { method: 'POST', headers: { 'content-type': 'application/grpc' } }),
  verdict('fail'),
  verdict('hang'),
];

test('a server that is asked by gRPC sees what Envoy shows, and is obeyed as by Envoy', { skip }, async (context) => {
  const server = await startGrpcAuthz(context);
  const body = { max_request_bytes: 10, allow_partial_message: true };
  const pair = await startPairedProxies(context, {
    listeners: [
      { filters: [grpc({ clear_route_cache: true, stat_prefix: 'waf' }, '0.3s'), metadata] },
      {
        filters: [
          grpc(
            {
              failure_mode_allow: true,
              failure_mode_allow_header_add: true,
              status_on_error: { code: 'ServiceUnavailable' },
              enable_dynamic_metadata_ingestion: false,
            },
            '0.3s',
          ),
          metadata,
        ],
      },
      {
        filters: [
          grpc(
            {
              with_request_body: body,
              status_on_error: { code: 'ServiceUnavailable' },
              encode_raw_headers: true,
              include_tls_session: true,
            },
            '0.3s',
          ),
        ],
      },
    ].map((listener) => ({
      ...listener,
      routes: [
        {
          match: { prefix: '/', headers: [{ name: 'x-route', string_match: { exact: 'other' } }] },
          direct_response: { status: 202 },
        },
        { match: { prefix: '/' }, route: { cluster: 'echo' } },
      ],
    })),
    clusters: [clusterOf('grpc', server.port, HTTP2)],
  });
  await sameForAll(pair, server, [0, 1, 2], GRPC_REQUESTS);
  await sameStats(pair);
});

test('bodies are shown as far as they may be, and kept whole', { skip }, async (context) => {
  const server = await startGrpcAuthz(context);
  const bodies = [
    { max_request_bytes: 10 },
    { max_request_bytes: 10, allow_partial_message: true },
    { max_request_bytes: 10, allow_partial_message: true, pack_as_bytes: true },
  ];
  const ofRoute = (prefix: string, check_settings: object) => ({
    match: { prefix },
    route: { cluster: 'echo' },
    typed_per_filter_config: perRoute('ext_authz', 'ExtAuthzPerRoute', { check_settings }),
  });
  const pair = await startPairedProxies(context, {
    listeners: bodies.map((with_request_body) => ({
      filters: [grpc({ with_request_body })],
      routes: [
        ofRoute('/none', { disable_request_body_buffering: true }),
        ofRoute('/more', { with_request_body: { max_request_bytes: 20, allow_partial_message: true } }),
        { match: { prefix: '/' }, route: { cluster: 'echo' } },
      ],
    })),
    clusters: [clusterOf('grpc', server.port, HTTP2)],
  });
  const texts = ['', 'short', 'just ten b', 'more than ten', 'é'.repeat(8), 'x'.repeat(200_000)];
  const requests = texts.flatMap((body) =>
    ['/', '/none', '/more'].flatMap((path) => [
      { method: 'POST', path, body },
      ...(body === '' ? [] : [{ method: 'POST', path, body, headers: { 'transfer-encoding': 'chunked' } }]),
    ]),
  );
  await sameForAll(pair, server, [0, 1, 2], requests);
});

test('what is shown, and which requests are checked at all, is as configured', { skip }, async (context) => {
  const server = await startGrpcAuthz(context);
  const list = (...patterns: object[]) => ({ patterns });
  const rbac = httpFilter('rbac', 'RBAC', {
    shadow_rules: {
      action: 'DENY',
      policies: { custom: { permissions: [{ url_path: { path: { prefix: '/ext' } } }], principals: [{ any: true }] } },
    },
    shadow_rules_stat_prefix: 'istio_',
  });
  const enabled = {
    filter_enabled_metadata: {
      filter: 'envoy.filters.http.rbac',
      path: [{ key: 'istio_shadow_effective_policy_id' }],
      value: { string_match: { prefix: 'custom' } },
    },
  };
  const setMetadata = httpFilter('set_metadata', 'Config', {
    metadata: [{ metadata_namespace: 'some', value: { a: { b: [1, 'x'] } } }],
  });
  const never = { filter_enabled: { default_value: { numerator: 0 } } };
  const check = (config: object) => ({ typed_per_filter_config: perRoute('ext_authz', 'ExtAuthzPerRoute', config) });
  const pair = await startPairedProxies(context, {
    bootstrap: { node: { id: 'paired', cluster: 'test', metadata: { labels: { app: 'shop', n: 1 } } } },
    listeners: [
      {
        filters: [
          grpc({
            allowed_headers: list({ prefix: 'x-' }, { exact: ':path' }, { exact: 'test-id' }),
            disallowed_headers: list({ suffix: '-secret' }),
          }),
        ],
      },
      {
        filters: [
          setMetadata,
          grpc({
            metadata_context_namespaces: ['some', 'none'],
            bootstrap_metadata_labels_key: 'labels',
            include_peer_certificate: true,
            include_tls_session: true,
          }),
        ],
      },
      { filters: [rbac, grpc(enabled)] },
      { filters: [grpc(never)] },
      {
        filters: [
          grpc({
            ...never,
            deny_at_disable: { default_value: true, runtime_key: 'x' },
            status_on_error: { code: 'BadGateway' },
          }),
        ],
      },
      {
        filters: [grpc()],
        virtualHost: check({ check_settings: { context_extensions: { host: 'h', both: 'host' } } }),
        routes: [
          { match: { prefix: '/off' }, route: { cluster: 'echo' }, ...check({ disabled: true }) },
          {
            match: { prefix: '/route' },
            route: { cluster: 'echo' },
            ...check({ check_settings: { context_extensions: { route: 'r', both: 'route' } } }),
          },
          { match: { prefix: '/in' }, route: { cluster: 'echo' } },
          { match: { prefix: '/direct' }, direct_response: { status: 204 } },
        ],
      },
      { filters: [grpc({}, '1s', 'absent')] },
    ],
    clusters: [clusterOf('grpc', server.port, HTTP2)],
  });
  const headers = {
    'x-a': '1',
    'x-secret': '2',
    other: '3',
    'x-envoy-auth-partial-body': 'spoofed',
    'x-envoy-downstream-service-cluster': 'svc',
  };
  const requests = ['/', '/ext/1', '/off', '/route', '/in', '/direct', '/nowhere'].flatMap((path) => [
    { path, headers },
    verdict(no({}), { path, headers }),
  ]);
  await sameForAll(pair, server, [0, 1, 2, 3, 4, 5, 6], requests);
  await sameStats(pair);
});

test('changes that no message can hold are refused where they are to be validated', { skip }, async (context) => {
  const server = await startGrpcAuthz(context);
  const pair = await startPairedProxies(context, {
    listeners: [{ filters: [grpc({ validate_mutations: true })] }],
    clusters: [clusterOf('grpc', server.port, HTTP2)],
  });
  const bad = [option('bad name', 'v'), option('x-a', 'line\nbreak')];
  const requests = [
    ...bad.flatMap((each) => [
      verdict(ok({ headers: [each] })),
      verdict(ok({ responseHeadersToAdd: [each] })),
      verdict(no({ headers: [each] })),
    ]),
    verdict(ok({ headersToRemove: ['bad name'] })),
    verdict(ok({ queryParametersToSet: [{ key: 'a b', value: '1' }] })),
    ...['%20', 'aZ9', ...'!"#$%&()*+,-./:;<=>?@[]^_`{|}~'.split('')].map((value) =>
      verdict(ok({ queryParametersToSet: [{ key: 'a', value }] })),
    ),
    verdict(ok({ headers: [option('x-fine', 'v')] })),
  ];
  await sameForAll(pair, server, [0], requests);
  await sameStats(pair);
});

test('a server changes no headers but those that it may', { skip }, async (context) => {
  const server = await startGrpcAuthz(context);
  const regex = (text: string) => ({ regex: text });
  const rules: readonly object[] = [
    {},
    { allow_envoy: true, allow_all_routing: true },
    { disallow_all: true, allow_expression: regex('x-a.*') },
    { disallow_system: true, allow_all_routing: true },
    { disallow_expression: regex('x-a'), disallow_is_error: true },
    { disallow_system: true, allow_expression: regex(':path') },
  ];
  const pair = await startPairedProxies(context, {
    listeners: rules.map((decoder_header_mutation_rules) => ({ filters: [grpc({ decoder_header_mutation_rules })] })),
    clusters: [clusterOf('grpc', server.port, HTTP2)],
  });
  const names = ['x-a', 'x-ab', 'x-envoy-other', ':path', ':method', ':authority', 'other'];
  const values: Readonly<Record<string, string>> = { ':path': '/new', ':method': 'PUT', ':authority': 'new.test' };
  const requests = names.flatMap((name) => [
    verdict(ok({ headers: [option(name, values[name] ?? 'v')] })),
    ...(name.startsWith(':')
      ? []
      : [verdict(ok({ headers: [option(name, 'v', { append: true })] }), { headers: { [name]: 'old' } })]),
    verdict(ok({ headersToRemove: [name] }), { headers: name.startsWith(':') ? {} : { [name]: 'old' } }),
  ]);
  await sameForAll(
    pair,
    server,
    rules.map((_, index) => index),
    requests,
  );
  await sameStats(pair);
});

test('a server that is asked by HTTP sees what Envoy shows, and is obeyed as by Envoy', { skip }, async (context) => {
  const server = await startHttpAuthz(context);
  const list = (...patterns: object[]) => ({ patterns });
  const shown = { allowed_headers: list({ prefix: 'x-' }, { exact: 'test-id' }) };
  const full = {
    path_prefix: '/check',
    authorization_request: {
      headers_to_add: [
        { key: 'x-added', value: 'plain' },
        { key: 'x-a', value: 'over' },
      ],
    },
    authorization_response: {
      allowed_upstream_headers: list({ exact: 'x-u', ignore_case: true }),
      allowed_upstream_headers_to_append: list({ exact: 'x-append' }),
      allowed_client_headers: list({ exact: 'x-d' }),
      allowed_client_headers_on_success: list({ exact: 'x-s' }),
      dynamic_metadata_from_headers: list({ exact: 'x-meta' }),
    },
  };
  const body = { with_request_body: { max_request_bytes: 10, allow_partial_message: true } };
  const pair = await startPairedProxies(context, {
    listeners: [
      { filters: [http({}, shown, '0.3s'), metadata] },
      { filters: [http(full, { ...shown, clear_route_cache: true }, '0.3s'), metadata] },
      { filters: [http(full, { ...shown, ...body, failure_mode_allow: true }, '0.3s'), metadata] },
      { filters: [http({ ...full, authorization_request: shown }, {}, '0.3s'), metadata] },
    ],
    clusters: [clusterOf('http', server.port)],
  });
  const given = { 'x-u': 'u', 'x-append': 'more', 'x-d': 'd', 'x-s': 's', 'x-meta': 'm', other: 'o' };
  const requests: readonly Sent[] = [
    {},
    {
      method: 'POST',
      path: '/p?q=1',
      body: 'some long body',
      headers: { authorization: 'Basic x', cookie: 'a=b', 'x-a': '1' },
    },
    { method: 'PUT', path: '/p', body: 'short', headers: { 'x-many': ['one', 'two'] } },
    verdict({ headers: given }, { headers: { 'x-u': 'old', 'x-append': 'old' } }),
    verdict(
      { headers: { ...given, 'x-envoy-auth-headers-to-remove': 'x-gone, x-too ,:path' } },
      { headers: { 'x-gone': '1', 'x-too': '2' } },
    ),
    verdict({ status: 403, headers: given, body: 'no' }),
    verdict({
      status: 401,
      headers: { ...given, 'www-authenticate': 'Basic', 'content-type': 'application/json' },
      body: '{}',
    }),
    verdict({ status: 302, headers: { location: 'http://login.test/' } }),
    verdict({ status: 201, headers: given, body: 'created?' }),
    verdict({ status: 404 }),
    verdict({ status: 500, body: 'x' }),
    verdict({ status: 503 }),
    verdict('hang'),
  ];
  await sameForAll(pair, server, [0, 1, 2, 3], requests);
  await sameStats(pair);
});
