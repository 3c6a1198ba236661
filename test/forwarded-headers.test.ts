// What a client says about itself, to a listener at the edge, inside of the mesh, and behind other proxies: believed as Envoy believes it.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { type PairedListener, startPairedProxies } from './support/paired-proxies.ts';
import { type SeenExchange, TestClient } from './support/seen-exchange.ts';

const LISTENERS: Readonly<Record<string, object>> = {
  'inside of the mesh': {},
  'at the edge': { use_remote_address: true },
  'at the edge, without appending': { use_remote_address: true, skip_xff_append: true },
  'behind one trusted proxy': { use_remote_address: true, xff_num_trusted_hops: 1 },
  'inside, behind one trusted proxy': { xff_num_trusted_hops: 1 },
  'with internal addresses': {
    use_remote_address: true,
    internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
  },
  'with internal addresses, inside': {
    internal_address_config: {
      cidr_ranges: [
        { address_prefix: '10.0.0.0', prefix_len: 8 },
        { address_prefix: '127.0.0.0', prefix_len: 8 },
      ],
    },
  },
  'with internal addresses that are others': {
    use_remote_address: true,
    internal_address_config: { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] },
  },
  'preserving request ids': { use_remote_address: true, preserve_external_request_id: true },
  'with ports': { use_remote_address: true, append_x_forwarded_port: true },
  'with ports, behind one trusted proxy': {
    use_remote_address: true,
    append_x_forwarded_port: true,
    xff_num_trusted_hops: 1,
  },
  'with ports, inside': { append_x_forwarded_port: true },
  'with via': { use_remote_address: true, via: 'mesh' },
};

const CONTROL = [
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-original-path',
  'x-envoy-original-host',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-is-timeout-retry',
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-external-address',
  'x-envoy-internal',
  'x-istio-attributes',
];

/** Requests by what they claim. */
const CLAIMS: Readonly<Record<string, Readonly<Record<string, string | string[]>>>> = {
  nothing: {},
  'an address': { 'x-forwarded-for': '1.2.3.4' },
  'a private address': { 'x-forwarded-for': '10.0.0.1' },
  'two addresses': { 'x-forwarded-for': '1.2.3.4, 10.0.0.1' },
  'two addresses in two fields': { 'x-forwarded-for': ['1.2.3.4', '10.0.0.1'] },
  'an address of IPv6': { 'x-forwarded-for': '2001:db8::1' },
  'no address': { 'x-forwarded-for': 'unknown' },
  https: { 'x-forwarded-proto': 'https' },
  'an odd scheme': { 'x-forwarded-proto': 'ftp' },
  'a port': { 'x-forwarded-port': '443' },
  'a host': { 'x-forwarded-host': 'evil.test' },
  'a certificate': { 'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/a/sa/b' },
  'a request id': { 'x-request-id': '00000000-0000-4000-8000-000000000000' },
  'a trace': { 'x-client-trace-id': '1', 'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124' },
  via: { via: '1.1 other' },
  forwarded: { forwarded: 'for=1.2.3.4;proto=https' },
};

test('claims of clients are believed as by Envoy', { skip: withoutEnvoy, timeout: 60_000 }, async (context) => {
  const listeners = Object.values(LISTENERS).map((manager): PairedListener => ({ filters: [], manager }));
  const proxies = await startPairedProxies(context, { listeners });
  for (const [index, place] of Object.keys(LISTENERS).entries()) {
    await context.test(place, async (context) => {
      const ports = [proxies.envoy, proxies.ours].map(({ listeners }) => listeners[index]!);
      const clients = ports.map((port) => new TestClient(port));
      context.after(() => clients.forEach((client) => client.close()));
      const controls = CONTROL.map((name) => [name, { [name]: '20000' }] as const);
      for (const [claim, headers] of [...Object.entries(CLAIMS), ...controls]) {
        const request = { method: 'GET', path: '/', authority: 'echo.test', headers };
        await context.test(claim, async () => {
          const [theirs, own] = await Promise.all(clients.map(async (client) => client.send(request, claim)));
          assert.deepEqual(comparable(own!, ports[1]!), comparable(theirs!, ports[0]!));
        });
      }
    });
  }
});

/** For a client on loopback Envoy adds an address of its own machine to x-forwarded-for; we add the client's. `port`: the listener's. */
function comparable({ status, upstream }: SeenExchange, port: number): object {
  const added = upstream?.headers['x-forwarded-for'];
  const forwarded = typeof added === 'string' ? { 'x-forwarded-for': added.replace(ADDED, '127.0.0.1') } : {};
  const came = upstream?.headers['x-forwarded-port'] === String(port) ? { 'x-forwarded-port': 'its own' } : {};
  return { status, headers: { ...upstream?.headers, ...forwarded, ...came } };
}

const ADDED = new RegExp(String.raw`\b(?:${machineAddresses().join('|')})$`);

function machineAddresses(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((of) => of ?? []);
  return addresses.filter(({ family }) => family === 'IPv4').map(({ address }) => RegExp.escape(address));
}
