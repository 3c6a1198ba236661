import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { cluster, type ProxySetup, startProxy, startServer } from '../proxy-under-test.ts';

const ADD = { response_headers_to_add: [{ header: { key: 'x-route', value: 'yes' } }] };
const ABORT = {
  '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
  abort: { http_status: 418, percentage: { numerator: 100 } },
};
const GRPC_ABORT = { ...ABORT, abort: { grpc_status: 14, percentage: { numerator: 100 } } };
const FILTER = {
  name: 'envoy.filters.http.fault',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault' },
};

const prefix = (path: string) => ({ match: { prefix: path }, ...ADD });
const aborted = (fault: object) => ({ typed_per_filter_config: { 'envoy.filters.http.fault': fault } });

async function answer(context: TestContext, setup: ProxySetup): Promise<readonly [number, string | null]> {
  const app = await startServer(() => {});
  context.after(() => app.close());
  const under = await startProxy({
    filters: [FILTER],
    moreClusters: [cluster('empty', []), cluster('silent', [app.port])],
    ...setup,
  });
  context.after(() => under.close());
  const response = await fetch(`http://127.0.0.1:${under.port}/`, { redirect: 'manual' });
  await response.text();
  return [response.status, response.headers.get('x-route')];
}

const forwarded: readonly (readonly [string, number, object])[] = [
  ['a fault abort', 418, { route: { cluster: 'silent' }, ...aborted(ABORT) }],
  ['a fault abort with a gRPC status', 200, { route: { cluster: 'silent' }, ...aborted(GRPC_ABORT) }],
  ['a missing cluster', 503, { route: { cluster: 'none' } }],
  ['a cluster without hosts', 503, { route: { cluster: 'empty' } }],
  ['a timeout', 504, { route: { cluster: 'silent', timeout: '0.05s' } }],
];

for (const [what, status, route] of forwarded) {
  test(`a forwarding route changes the answer to ${what}`, async (context) => {
    assert.deepEqual(await answer(context, { routes: [{ ...prefix('/'), ...route }] }), [status, 'yes']);
  });
}

const answered: readonly (readonly [string, number, object])[] = [
  ['redirect', 301, { redirect: { host_redirect: 'other' } }],
  ['direct response', 202, { direct_response: { status: 202, body: { inline_string: 'fine' } } }],
];

for (const [what, status, route] of answered) {
  test(`a ${what} is changed by its route, a fault abort in its place is not`, async (context) => {
    const plain = { ...prefix('/'), ...route };
    assert.deepEqual(await answer(context, { routes: [plain] }), [status, 'yes']);
    assert.deepEqual(await answer(context, { routes: [{ ...plain, ...aborted(ABORT) }] }), [418, null]);
  });
}

test('a route whose header can not be sent fails its own request only, in an answer of ours too', async (context) => {
  const bad = { header: { key: 'x-bad', value: '%REQ(x-euro)%\u20ac' } };
  const routes = [{ match: { prefix: '/' }, response_headers_to_add: [bad], route: { cluster: 'none' } }];
  assert.deepEqual(await answer(context, { routes }), [500, null]);
});
