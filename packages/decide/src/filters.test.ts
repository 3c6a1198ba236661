import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { decide } from './decide.ts';
import type { Decision, FaultDecision } from './decision.ts';
import { get, rolls, tableOf } from './fixture.ts';
import { type FormatSource, renderFormat } from './format.ts';
import type { CompileOptions } from './route-table.ts';

type Json = { [key: string]: JsonValue };

const fault = (config: Json) => ({
  'envoy.filters.http.fault': {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    ...config,
  },
});
const cors = (config: Json) => ({
  'envoy.filters.http.cors': {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
    ...config,
  },
});
const percent = (numerator: number) => ({ numerator });
const abort = (httpStatus: number, numerator = 100) => ({ abort: { httpStatus, percentage: percent(numerator) } });

interface Levels {
  readonly cluster?: Json;
  readonly route?: Json;
  readonly virtualHost?: Json;
  readonly config?: Json;
  readonly options?: CompileOptions;
}

function decideWith(
  levels: Levels,
  headers: Record<string, string> = {},
  dice: readonly number[] = [0],
  method = 'GET',
): Decision {
  const clusters = [{ name: 'c', weight: 1, typedPerFilterConfig: levels.cluster ?? {} }];
  const routes = [
    { match: { prefix: '/' }, route: { weightedClusters: { clusters } }, typedPerFilterConfig: levels.route ?? {} },
  ];
  const virtualHosts = [{ name: 'v', domains: ['*'], routes, typedPerFilterConfig: levels.virtualHost ?? {} }];
  const table = tableOf({ virtualHosts, typedPerFilterConfig: levels.config ?? {} }, levels.options);
  return decide(table, get('/', headers, { method }), rolls(0, 0, ...dice));
}

function faultWith(
  levels: Levels,
  headers: Record<string, string> = {},
  dice: readonly number[] = [0],
): FaultDecision | undefined {
  const decision = decideWith(levels, headers, dice);
  return decision.kind === 'not-found' ? undefined : decision.fault;
}

test('the most specific fault counts', () => {
  const listener = fromJson(HTTPFaultSchema, abort(500));
  const status = (levels: Levels) => faultWith(levels)?.abort?.status;
  assert.deepEqual(
    [
      status({}),
      status({ options: { fault: listener } }),
      status({ config: fault(abort(501)), options: { fault: listener } }),
      status({ virtualHost: fault(abort(502)), config: fault(abort(501)) }),
      status({ route: fault(abort(503)), virtualHost: fault(abort(502)) }),
      status({ cluster: fault(abort(504)), route: fault(abort(503)) }),
      status({ route: fault({}), virtualHost: fault(abort(502)) }),
      status({ route: fault(abort(503)), options: { httpFilters: new Set(['envoy.filters.http.router']) } }),
    ],
    [undefined, 500, 501, 502, 503, 504, undefined, undefined],
  );
});

test('delay and abort are rolled for one after the other', () => {
  const both = fault({ delay: { fixedDelay: '5s', percentage: percent(10) }, ...abort(400, 50), maxActiveFaults: 3 });
  assert.deepEqual(
    [
      faultWith({ route: both }, {}, [0.09, 0.49]),
      faultWith({ route: both }, {}, [0.1, 0.49]),
      faultWith({ route: both }, {}, [0.09, 0.5]),
      faultWith({ route: both }, {}, [0.1, 0.5]),
    ],
    [
      { delayMs: 5000, abort: { status: 400, grpcStatus: undefined }, maxActive: 3 },
      { delayMs: 0, abort: { status: 400, grpcStatus: undefined }, maxActive: 3 },
      { delayMs: 5000, abort: undefined, maxActive: 3 },
      undefined,
    ],
  );
});

test('faults keep to matching headers, clusters and nodes', () => {
  const injected = (config: Json, headers: Record<string, string> = {}) =>
    faultWith({ route: fault({ ...abort(400), ...config }) }, headers) !== undefined;
  assert.deepEqual(
    [
      injected({ headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] }),
      injected({ headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] }, { 'end-user': 'jason' }),
      injected({ upstreamCluster: 'other' }),
      injected({ upstreamCluster: 'c' }),
      injected({ downstreamNodes: ['n'] }),
      injected({ downstreamNodes: ['n'] }, { 'x-envoy-downstream-service-node': 'n' }),
    ],
    [false, true, false, true, false, true],
  );
});

test('headers ask for faults, never for more of them than configured', () => {
  const config = fault({
    delay: { headerDelay: {}, percentage: percent(50) },
    abort: { headerAbort: {}, percentage: percent(100) },
  });
  const asked = (headers: Record<string, string>, dice: readonly number[]) =>
    faultWith({ route: config }, headers, dice);
  assert.deepEqual(
    [
      asked({}, [0]),
      asked({ 'x-envoy-fault-delay-request': '250' }, [0.49]),
      asked({ 'x-envoy-fault-delay-request': '250', 'x-envoy-fault-delay-request-percentage': '90' }, [0.5]),
      asked({ 'x-envoy-fault-delay-request': '250', 'x-envoy-fault-delay-request-percentage': '10' }, [0.1]),
      asked({ 'x-envoy-fault-abort-request': '503' }, [0]),
      asked({ 'x-envoy-fault-abort-request': '999' }, [0]),
      asked({ 'x-envoy-fault-abort-grpc-request': '14' }, [0]),
    ],
    [
      undefined,
      { delayMs: 250, abort: undefined, maxActive: undefined },
      undefined,
      undefined,
      { delayMs: 0, abort: { status: 503, grpcStatus: undefined }, maxActive: undefined },
      undefined,
      { delayMs: 0, abort: { status: 200, grpcStatus: 14 }, maxActive: undefined },
    ],
  );
});

const policy = {
  allowOriginStringMatch: [{ exact: 'http://a' }],
  allowMethods: 'GET,POST',
  allowHeaders: '*',
  exposeHeaders: 'x-e',
  maxAge: '60',
  allowCredentials: true,
};

const nothing: FormatSource = {
  requestHeader: () => undefined,
  responseHeader: () => undefined,
  value: () => undefined,
};

function corsHeaders(levels: Levels, headers: Record<string, string>, method = 'GET'): readonly string[] {
  const decision = decideWith(levels, headers, [0], method);
  if (decision.kind === 'not-found') return [decision.kind];
  const fields = decision.responseHeaders.map((change) =>
    change.kind === 'remove'
      ? change.name
      : `${change.name.replace('access-control-', '')}: ${renderFormat(change.value, nothing)}`,
  );
  return [decision.kind, ...fields];
}

test('answers preflights and marks actual responses', () => {
  const preflight = {
    origin: 'http://a',
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'x-b',
  };
  const marked = ['allow-origin: http://a', 'allow-credentials: true'];
  assert.deepEqual(
    [
      corsHeaders({ route: cors(policy) }, preflight, 'OPTIONS'),
      corsHeaders({ route: cors(policy) }, { origin: 'http://a' }),
      corsHeaders({ route: cors(policy) }, { origin: 'http://b' }),
      corsHeaders({ route: cors(policy) }, { ...preflight, origin: 'http://b' }, 'OPTIONS'),
      corsHeaders(
        { route: cors({ ...policy, forwardNotMatchingPreflights: false }) },
        { ...preflight, origin: 'http://b' },
        'OPTIONS',
      ),
      corsHeaders({ route: cors({ ...policy, filterEnabled: { defaultValue: percent(0) } }) }, preflight, 'OPTIONS'),
      corsHeaders({ route: cors(policy) }, {}),
    ],
    [
      [
        'cors-preflight',
        ...marked,
        'allow-methods: GET,POST',
        'allow-headers: x-b',
        'max-age: 60',
        'expose-headers: x-e',
      ],
      ['route', ...marked, 'expose-headers: x-e'],
      ['route'],
      ['route'],
      ['cors-preflight', 'allow-credentials: true', 'allow-methods: GET,POST', 'allow-headers: x-b', 'max-age: 60'],
      ['route'],
      ['route'],
    ],
  );
});

test('each CORS field comes from the most specific level that says it', () => {
  const levels = { route: cors({ exposeHeaders: 'x-route' }), virtualHost: cors(policy) };
  assert.deepEqual(corsHeaders(levels, { origin: 'http://a' }), [
    'route',
    'allow-origin: http://a',
    'allow-credentials: true',
    'expose-headers: x-route',
  ]);
});

test('configuration of filters that nobody knows is refused', () => {
  assert.throws(() => decideWith({ route: { 'envoy.filters.http.lua': fault({})['envoy.filters.http.fault'] } }), {
    code: 'UNSUPPORTED',
    message: 'virtual host v: route #0: typed_per_filter_config of envoy.filters.http.lua',
  });
  assert.throws(() => decideWith({ route: { 'envoy.filters.http.cors': fault({})['envoy.filters.http.fault'] } }), {
    code: 'BAD_FILTER',
  });
});
