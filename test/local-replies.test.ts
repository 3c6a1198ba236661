// What `local_reply_config` makes of answers that no upstream gave is what Envoy makes of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { clusterOf, httpFilter, type PairedListener, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

const status = (value: number, op = 'EQ') => ({
  status_code_filter: { comparison: { op, value: { default_value: value, runtime_key: 'none' } } },
});
const header = (name: string, exact: string) => ({ header_filter: { header: { name, string_match: { exact } } } });
const add = (key: string, value: string, action = 'APPEND_IF_EXISTS_OR_ADD') => ({
  header: { key, value },
  append_action: action,
});
const direct = (prefix: string, code: number, body: string, more: object = {}) => ({
  match: { prefix },
  direct_response: { status: code, body: { inline_string: body } },
  ...more,
});

const ROUTES = [
  direct('/teapot', 418, 'ünder "quotes"'),
  direct('/typed', 403, '<b>', { response_headers_to_add: [add('content-type', 'text/html')] }),
  direct('/empty', 404, ''),
  { match: { prefix: '/move' }, redirect: { path_redirect: '/there' } },
  { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
  { match: { prefix: '/gone' }, route: { cluster: 'nowhere' } },
  { match: { prefix: '/echo' }, route: { cluster: 'echo' } },
];

const listener = (config: object): PairedListener => ({
  filters: [httpFilter('fault', 'HTTPFault', { abort: { header_abort: {}, percentage: { numerator: 100 } } })],
  routes: ROUTES,
  routeConfiguration: { validate_clusters: false },
  manager: { local_reply_config: config, strip_any_host_port: true },
});

const CONFIGS: readonly object[] = [
  {},
  { body_format: { text_format: '%LOCAL_REPLY_BODY%', content_type: 'text/html; charset=UTF-8' } },
  { body_format: { text_format_source: { inline_string: 'é %RESPONSE_CODE% %LOCAL_REPLY_BODY% %REQ(x-none)%\n' } } },
  {
    mappers: [
      {
        filter: { and_filter: { filters: [status(400, 'GE'), header('x-mode', 'plain')] } },
        status_code: 500,
        body: { inline_string: 'plain ü' },
        headers_to_add: [add('x-details', '%RESPONSE_CODE_DETAILS%'), add('x-code', '%RESPONSE_CODE%')],
      },
      {
        filter: header('x-mode', 'typed'),
        body: { inline_string: '{}' },
        headers_to_add: [add('content-type', 'application/x-mine', 'OVERWRITE_IF_EXISTS_OR_ADD')],
      },
      { filter: header('x-mode', 'bare'), body: { inline_string: '' } },
      { filter: { response_flag_filter: { flags: ['UF', 'NC', 'FI'] } }, status_code: 509 },
      { filter: header('x-mode', 'status'), status_code: 299 },
      {
        filter: header('x-mode', 'own-format'),
        status_code: 511,
        body_format_override: { text_format: 'own %RESPONSE_CODE% %LOCAL_REPLY_BODY% %PROTOCOL%' },
      },
    ],
    body_format: {
      json_format: {
        status: '%RESPONSE_CODE%',
        message: '%LOCAL_REPLY_BODY%',
        path: '%REQ(:path)%',
        flags: '%RESPONSE_FLAGS%',
        none: '%REQ(x-none)%',
      },
    },
  },
  {
    mappers: [
      { filter: status(418), body_format_override: { json_format: { only: 'x%LOCAL_REPLY_BODY%x' } } },
      { filter: status(404), body: { inline_string: 'nobody' }, body_format_override: { text_format: '%PROTOCOL%' } },
    ],
  },
];

test('answers of the proxy itself are mapped and formatted as Envoy does', { skip }, async (context) => {
  const pair = await startPairedProxies(context, {
    listeners: CONFIGS.map(listener),
    clusters: [clusterOf('dead', 1)],
  });
  let mapped = 0;
  for (const index of CONFIGS.keys()) {
    for (const path of ['/teapot', '/typed', '/empty', '/move', '/dead', '/gone', '/none', '/echo']) {
      for (const mode of [undefined, 'plain', 'typed', 'bare', 'status', 'own-format']) {
        const chosen: Record<string, string> = mode === undefined ? {} : { 'x-mode': mode };
        await pair.same(index, { path, headers: chosen });
        await pair.same(index, { path, headers: { ...chosen, 'content-type': 'application/grpc' }, method: 'POST' });
        mapped++;
      }
    }
    await pair.same(index, { path: '/echo', headers: { 'x-envoy-fault-abort-request': '503' } });
    await pair.same(index, { method: 'HEAD', path: '/teapot' });
  }
  assert.ok(mapped > 200);
  const { status: code, body } = await pair.same(3, { path: '/dead', headers: { 'x-mode': 'plain' } });
  assert.deepEqual([code, JSON.parse(body).message], [500, 'plain ü']);
});
