// A thousand exchanges of both ends' certificates while requests shake hands anew, each: no handshake fails.
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { type TestContext, test } from 'node:test';
import { call, ControlPlane, startByAds } from './ads-under-test.ts';
import { cluster, routerFilter, socketAddress, startServer } from './proxy-under-test.ts';
import type { RunningProxy } from './run.ts';
import { testAuthority, type TestKeyPair } from './tls/test-certificates.ts';

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const ROTATIONS = 1000;
/** For each request. */
const ROTATIONS_EACH = 4;
const REQUESTS = ROTATIONS / ROTATIONS_EACH;
const LANES = 4;
/** Certificates of each end, in turn. */
const PAIRS = 4;
const TRUST_DOMAIN = 'spiffe://rotating/';

test('certificates rotate a thousand times under traffic, and no handshake fails', async (context) => {
  const app = await startServer((_request, response) => response.end('here'));
  context.after(() => app.close());
  const { plane, proxy, rotate } = await startRotating(context, app.port);
  const port = portOf(proxy, 'out');
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  const answers = new Map<string, number>();
  let left = REQUESTS;
  const lanes = Array.from({ length: LANES }, async () => {
    while (left-- > 0) {
      for (let turn = 0; turn < ROTATIONS_EACH; turn++) rotate();
      const answer = await call(port, agent);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  });
  await Promise.all(lanes);
  assert.deepEqual([...answers], [['here', REQUESTS]]);
  assert.deepEqual(plane.refusals, []);
  const stats = await statsOf(proxy);
  assert.equal(stats.get('cluster.secure.upstream_cx_connect_fail'), 0);
  assert.equal(stats.get('listener.in.ssl.connection_error'), 0);
  assert.ok(stats.get('cluster.secure.ssl.handshake')! >= REQUESTS, 'each request had a connection of its own');
  // Answers of the control plane that came together are still each taken.
  while ((await statsOf(proxy)).get('sds.server.update_success')! < ROTATIONS);
});

interface Rotating {
  readonly plane: ControlPlane;
  readonly proxy: RunningProxy;
  /** Gives both ends their next certificates. */
  readonly rotate: () => void;
}

/** One proxy with both ends: `out`, where clients ask, leads by mutual TLS to `in`, which leads to the application. */
async function startRotating(context: TestContext, app: number): Promise<Rotating> {
  const authority = testAuthority();
  const issue = () => authority.issue(`URI:${TRUST_DOMAIN}ns/a/sa/b`);
  const pairs = Array.from({ length: PAIRS }, () => [issue(), issue()] as const);
  authority.close();
  const plane = new ControlPlane();
  await plane.listen();
  let turn = 0;
  const rotate = () => {
    const [client, server] = pairs[turn++ % PAIRS]!;
    plane.set('SDS', secret('client', client), secret('server', server));
  };
  rotate();
  plane.set('CDS', cluster('app', [app]));
  plane.set('LDS', listener('in', 'app', serverTls(authority.root)));
  const proxy = await startByAds(context, plane);
  await proxy.ready;
  // Time enough where both ends share a thread and the machine is busy.
  const secure = { ...clientTls(authority.root), connect_timeout: '30s', max_requests_per_connection: 1 };
  plane.set('CDS', cluster('app', [app]), cluster('secure', [portOf(proxy, 'in')], secure));
  plane.set('LDS', listener('in', 'app', serverTls(authority.root)), listener('out', 'secure'));
  while (portOf(proxy, 'out') === 0) await new Promise(setImmediate);
  return { plane, proxy, rotate };
}

function portOf(proxy: RunningProxy, name: string): number {
  const address = proxy.listenerAddress(name);
  return address && 'port' in address ? address.port : 0;
}

async function statsOf({ adminPort }: RunningProxy): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats`)).text();
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', value] = line.split(': ');
      return [name, Number(value)];
    }),
  );
}

function listener(name: string, target: string, chain: object = {}): object {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: name,
    route_config: {
      name: 'all',
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: target } }] },
      ],
    },
    http_filters: [routerFilter()],
  };
  const chains = [{ filters: [{ name: 'http', typed_config: manager }], ...chain }];
  return { name, stat_prefix: name, address: socketAddress(0), filter_chains: chains };
}

function serverTls(root: string): object {
  const context = { ...commonTls('server', root), alpn_protocols: ['h2', 'http/1.1'] };
  return socket('DownstreamTlsContext', { require_client_certificate: true, common_tls_context: context });
}

function clientTls(root: string): object {
  return socket('UpstreamTlsContext', { sni: 'rotating.example', common_tls_context: commonTls('client', root) });
}

function socket(type: string, context: object): object {
  return { transport_socket: { name: 'tls', typed_config: { '@type': `${TLS}.${type}`, ...context } } };
}

function commonTls(name: string, root: string): object {
  return {
    tls_certificate_sds_secret_configs: [{ name, sds_config: { ads: {}, resource_api_version: 'V3' } }],
    validation_context: {
      trusted_ca: { inline_string: root },
      match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: TRUST_DOMAIN } }],
    },
  };
}

function secret(name: string, { certificate, key }: TestKeyPair): object {
  const pair = { certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } };
  return { name, tls_certificate: pair };
}
