// A real Envoy under our agent: bootstrap, xDS through the relay, secrets by SDS, mutual TLS with what the authority signed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromBinary, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { registryOf, xdsTypeOf } from '@meltemi/api';
import { file_envoy_config_listener_v3_listener as listenerFile } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { file_envoy_extensions_filters_http_router_v3_router as routerFile } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager as managerFile } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { file_envoy_extensions_transport_sockets_tls_v3_tls as tlsFile } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { DiscoveryRequestSchema, DiscoveryResponseSchema } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { createLogger, systemClock, systemDice } from '@meltemi/base';
import { runAgent } from './agent.ts';
import { type AdsStream, startPilot, type TestPilot } from './pilot.fixture.ts';

const envoy = process.env['MELTEMI_ENVOY'] ?? 'envoy';
const skip = spawnSync(envoy, ['--version']).status === 0 ? false : 'no envoy in MELTEMI_ENVOY or PATH';
const registry = registryOf(listenerFile, routerFile, managerFile, tlsFile);
const TYPE = 'type.googleapis.com/envoy';

/** A listener that wants mutual TLS with the agent's secrets, and answers by itself. */
function listener(port: number): JsonValue {
  const source = {
    resource_api_version: 'V3',
    api_config_source: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
    },
  };
  const tls = {
    '@type': `${TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
    require_client_certificate: true,
    common_tls_context: {
      tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: source }],
      validation_context_sds_secret_config: { name: 'ROOTCA', sds_config: source },
    },
  };
  const route = { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'secured' } } };
  const manager = {
    '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'test',
    route_config: { name: 'local', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
      },
    ],
  };
  return {
    '@type': `${TYPE}.config.listener.v3.Listener`,
    name: 'inbound',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: tls },
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
      },
    ],
  };
}

/** Answers every first request of a type: listeners with ours, all else with nothing. */
function serveListener(stream: AdsStream, port: number): void {
  stream.on('data', (bytes: Buffer) => {
    const { typeUrl, responseNonce } = fromBinary(DiscoveryRequestSchema, bytes);
    if (responseNonce !== '') return;
    const resources = xdsTypeOf(typeUrl) === 'LDS' ? [listener(port)] : [];
    const response = fromJson(
      DiscoveryResponseSchema,
      { typeUrl, versionInfo: '1', nonce: '1', resources },
      { registry },
    );
    stream.write(Buffer.from(toBinary(DiscoveryResponseSchema, response)));
  });
  stream.on('end', () => stream.end());
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function get(port: number, pilot: TestPilot): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'productpage' };
  const { chain } = await pilot.authority.issue({ publicKey, identity, ttlMs: 60_000 });
  const call = request({
    host: '127.0.0.1',
    port,
    ca: pilot.authority.roots,
    cert: chain[0],
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    checkServerIdentity: (_host, peer) =>
      peer.subjectaltname === 'URI:spiffe://cluster.local/ns/default/sa/reviews'
        ? undefined
        : new Error('another peer'),
  });
  call.end();
  const [response] = await once(call, 'response');
  return Buffer.concat(await response.toArray()).toString();
}

test('Envoy gets its listener through the relay and its certificate by SDS', { skip }, async (t) => {
  const [adminPort, port] = [await freePort(), await freePort()];
  const pilot = await startPilot((stream) => serveListener(stream, port));
  const { promise: ready, resolve: onReady } = Promise.withResolvers<void>();
  const agent = await runAgent({
    workload: {
      role: 'sidecar',
      podName: 'reviews-1',
      podNamespace: 'default',
      serviceAccount: 'reviews',
      ip: '127.0.0.1',
      domain: 'default.svc.cluster.local',
      serviceCluster: 'reviews.default',
      clusterId: 'Kubernetes',
      labels: {},
      delta: false,
    },
    discoveryAddress: pilot.address,
    discoveryName: pilot.name,
    discoveryRoots: pilot.rootsFile,
    tokenFile: pilot.tokenFile,
    trustDomain: 'cluster.local',
    secretTtlMs: 0,
    configPath: join(pilot.directory, 'agent'),
    temporaryDirectory: pilot.directory,
    adminPort,
    statusPort: 0,
    proxyCommand: [envoy],
    proxyTakesIpc: false,
    concurrency: 1,
    drainDurationMs: 0,
    proxyLogLevel: 'error',
    clock: systemClock(),
    dice: systemDice(),
    logger: createLogger({ level: 'none', write: () => {}, now: () => 0 }),
    onReady,
  });
  t.after(async () => {
    await agent.drain();
    await pilot.close();
  });
  await ready;
  assert.equal(await get(port, pilot), 'secured');
  const status = `http://127.0.0.1:${agent.statusPort}`;
  assert.equal((await fetch(`${status}/healthz/ready`)).status, 200);
  const metrics = await (await fetch(`${status}/stats/prometheus`)).text();
  assert.match(metrics, /^istio_agent_cert_expired 0$/m);
  assert.match(metrics, /^envoy_server_live\{?.* 1$/m);
});
