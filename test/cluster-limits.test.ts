// What clusters limit of requests and connections, and how they find endpoints, is as in Envoy: how long, how many, by which name.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';
import { clusterOf, startPairedProxies } from './support/paired-proxies.ts';

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const TOO_LONG_MS = 900;

const withCommon = (common: object) => ({
  typed_extension_protocol_options: {
    [OPTIONS]: {
      '@type': `type.googleapis.com/${OPTIONS}`,
      common_http_protocol_options: common,
      explicit_http_config: { http_protocol_options: {} },
    },
  },
});
/** Answers say their details. */
const WORDED = {
  response_headers_to_add: [{ header: { key: 'x-details', value: '%RESPONSE_CODE_DETAILS%' } }],
};

test('max_stream_duration of a cluster ends a request', { skip, timeout: 60_000 }, async (context) => {
  const port = await startServer(context, serve);
  const retried = { retry_policy: { retry_on: 'reset', num_retries: 1 } };
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('brief', port, withCommon({ max_stream_duration: '0.3s' }))],
    listeners: [
      {
        filters: [],
        virtualHost: { include_request_attempt_count: true, ...WORDED },
        routes: [
          { match: { prefix: '/again' }, route: { cluster: 'brief', prefix_rewrite: '/', ...retried } },
          { match: { prefix: '/' }, route: { cluster: 'brief' } },
        ],
      },
    ],
  });
  const statuses: number[] = [];
  for (const path of ['/quick', '/slow', '/again/slow-first', '/again/slow']) {
    statuses.push((await pair.same(0, { path })).status);
    statuses.push((await pair.same(0, { path, method: 'POST', body: 'some' })).status);
  }
  assert.deepEqual(statuses, [200, 200, 504, 504, 200, 200, 504, 504]);
  for (const { listeners } of [pair.envoy, pair.ours]) {
    await assert.rejects(httpGet(`http://127.0.0.1:${listeners[0]!}/drip`), { code: 'ECONNRESET' });
  }
  const [theirs, own] = await Promise.all([pair.envoy, pair.ours].map((ports) => reached(ports.admin)));
  assert.deepEqual(own, theirs);
});

test('connections serve so many requests as either field says', { skip, timeout: 60_000 }, async (context) => {
  const served = new WeakMap<Socket, number>();
  const port = await startServer(context, (request, response) => {
    const count = (served.get(request.socket) ?? 0) + 1;
    served.set(request.socket, count);
    response.end(String(count));
  });
  const names = ['older', 'common'];
  const pair = await startPairedProxies(context, {
    clusters: [
      clusterOf('older', port, { max_requests_per_connection: 2 }),
      clusterOf('common', port, withCommon({ max_requests_per_connection: 3 })),
    ],
    listeners: [
      { filters: [], routes: names.map((cluster) => ({ match: { prefix: `/${cluster}` }, route: { cluster } })) },
    ],
  });
  const counts: Record<string, string> = {};
  for (const name of names) {
    counts[name] = '';
    for (let turn = 0; turn < 6; turn++) counts[name] += (await pair.same(0, { path: `/${name}` })).body;
  }
  assert.deepEqual(counts, { older: '121212', common: '123123' });
});

test('a cluster of type envoy.clusters.dns finds its endpoint', { skip, timeout: 60_000 }, async (context) => {
  const port = await startServer(context, serve);
  const config = {
    '@type': 'type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster',
    dns_refresh_rate: '60s',
    dns_lookup_family: 'V4_ONLY',
    all_addresses_in_single_endpoint: true,
  };
  const endpoint = { address: { socket_address: { address: 'localhost', port_value: port } } };
  const pair = await startPairedProxies(context, {
    clusters: [
      {
        name: 'named',
        connect_timeout: '1s',
        cluster_type: { name: 'envoy.clusters.dns', typed_config: config },
        load_assignment: { cluster_name: 'named', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
      },
    ],
    listeners: [{ filters: [], routes: [{ match: { prefix: '/' }, route: { cluster: 'named' } }] }],
  });
  await eventually(async () => assert.equal((await pair.same(0, { path: '/quick' })).status, 200));
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '', headers } = request;
  request.resume();
  const slow = url.endsWith('/slow') || (url.endsWith('/slow-first') && headers['x-envoy-attempt-count'] === '1');
  if (url.endsWith('/drip')) response.write('begun');
  if (slow || url.endsWith('/drip')) await sleep(TOO_LONG_MS);
  response.end('done');
}

async function startServer(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<number> {
  const server = createServer((request, response) => void answer(request, response));
  server.keepAliveTimeout = 0;
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function reached(admin: number): Promise<readonly string[]> {
  const { body } = await httpGet(`http://127.0.0.1:${admin}/stats?filter=^cluster.brief.upstream_rq_`);
  return body
    .split('\n')
    .filter((line) => /_rq_(max_duration_reached|retry|retry_success|timeout|completed): /.test(line));
}
