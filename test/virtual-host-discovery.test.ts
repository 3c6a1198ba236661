// Virtual hosts that come by themselves serve as in Envoy: at the start, on demand while a request waits, changed, and gone.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf';
import { packAny, TYPE_URL } from '@meltemi/api';
import { VirtualHostSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { withoutEnvoy } from './support/envoy.ts';
import { eventually } from './support/mesh-under-test.ts';
import { clusterOf, httpFilter, startPairedProxies } from './support/paired-proxies.ts';
import { rawMethod } from './support/raw-grpc-method.ts';

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const HTTP2 = {
  typed_extension_protocol_options: {
    [OPTIONS]: { '@type': `type.googleapis.com/${OPTIONS}`, explicit_http_config: { http2_protocol_options: {} } },
  },
};

test('virtual hosts come at the start and on demand, change and go', { skip: withoutEnvoy }, async (context) => {
  const server = new HostServer();
  server.hosts.set('routes/first', answering('routes/first', 'first.test', 'first'));
  server.hosts.set('routes/lazy.test', answering('routes/lazy.test', 'lazy.test', 'lazy'));
  const folder = await mkdtemp(join(tmpdir(), 'virtual-hosts-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'routes.json');
  const source = (api: object) => ({ resource_api_version: 'V3', ...api });
  const own = {
    name: 'own',
    domains: ['own.test'],
    routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'own' } } }],
  };
  const api_config_source = {
    api_type: 'DELTA_GRPC',
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: 'hosts' } }],
  };
  const routes = {
    '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
    name: 'routes',
    virtual_hosts: [own],
    vhds: { config_source: source({ api_config_source }) },
  };
  await writeFile(path, JSON.stringify({ version_info: '1', resources: [routes] }));
  const rds = { route_config_name: 'routes', config_source: source({ path_config_source: { path } }) };
  const manager = { route_config: undefined, rds };
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('hosts', await server.listen(context), HTTP2)],
    listeners: [
      { filters: [httpFilter('on_demand', 'OnDemand')], manager },
      { filters: [], manager },
    ],
  });
  const bodyOf = async (listener: number, authority: string) => {
    const { status, body } = await pair.same(listener, { authority });
    return body || status;
  };
  await eventually(async () => assert.equal(await bodyOf(1, 'own.test'), 'own'));
  assert.equal(await bodyOf(0, 'own.test'), 'own');
  assert.equal(await bodyOf(0, 'first.test'), 'first');
  assert.equal(await bodyOf(1, 'first.test'), 'first');
  assert.equal(await bodyOf(1, 'lazy.test'), 404);
  assert.equal(await bodyOf(0, 'lazy.test'), 'lazy');
  assert.equal(await bodyOf(0, 'LAZY.test'), 'lazy');
  assert.equal(await bodyOf(0, 'nobody.test'), 404);
  assert.equal(await bodyOf(0, 'nobody.test'), 404);

  server.push('routes/lazy.test', answering('routes/lazy.test', 'lazy.test', 'changed'));
  await eventually(async () => assert.equal(await bodyOf(0, 'lazy.test'), 'changed'));
  assert.equal(await bodyOf(0, 'first.test'), 'first');
  server.push('routes/first', undefined);
  await eventually(async () => assert.equal(await bodyOf(1, 'first.test'), 404));
  assert.equal(await bodyOf(0, 'first.test'), 404);
  assert.equal(await bodyOf(0, 'lazy.test'), 'changed');
});

function answering(name: string, domain: string, text: string) {
  const direct_response = { status: 200, body: { inline_string: text } };
  const host = fromJson(VirtualHostSchema, {
    name,
    domains: [domain],
    routes: [{ match: { prefix: '/' }, direct_response }],
  });
  return packAny(VirtualHostSchema, host);
}

type Packed = ReturnType<typeof answering>;
type Call = ServerDuplexStream<Buffer, Buffer>;

/** Serves virtual hosts: `first` at once, others when their host is asked for. */
class HostServer {
  readonly hosts = new Map<string, Packed>();
  readonly #calls = new Set<Call>();
  #version = 0;

  async listen(context: TestContext): Promise<number> {
    const server = new Server();
    const DeltaVirtualHosts = rawMethod('/envoy.service.route.v3.VirtualHostDiscoveryService/DeltaVirtualHosts', true);
    server.addService({ DeltaVirtualHosts }, { DeltaVirtualHosts: (call: Call) => this.#serve(call) });
    context.after(() => server.forceShutdown());
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  /** To all; undefined: it is gone. */
  push(name: string, host: Packed | undefined): void {
    if (host) this.hosts.set(name, host);
    else this.hosts.delete(name);
    const resources = host ? [{ name, version: String(this.#version), resource: host }] : [];
    for (const call of this.#calls) this.#send(call, { resources, removedResources: host ? [] : [name] });
  }

  #serve(call: Call): void {
    this.#calls.add(call);
    call.on('data', (data: Buffer) => {
      const { resourceNamesSubscribe: names, responseNonce } = fromBinary(DeltaDiscoveryRequestSchema, data);
      const first = this.hosts.get('routes/first');
      // The first request names nothing.
      if (names.length === 0 && responseNonce === '' && first)
        this.#send(call, { resources: [{ name: 'routes/first', version: '1', resource: first }] });
      if (names.length > 0) this.#send(call, { resources: names.flatMap((name) => this.#answer(name)) });
    });
    call.on('error', () => this.#calls.delete(call)).on('end', () => call.end());
  }

  #answer(name: string): { name: string; version: string; aliases?: string[]; resource?: Packed }[] {
    const version = String(this.#version);
    const host = this.hosts.get(name);
    return [{ name, version, aliases: [name], ...(host ? { resource: host } : {}) }];
  }

  #send(call: Call, fields: object): void {
    const nonce = String(++this.#version);
    const response: DeltaDiscoveryResponse = create(DeltaDiscoveryResponseSchema, {
      typeUrl: TYPE_URL.VHDS,
      systemVersionInfo: nonce,
      nonce,
      ...fields,
    });
    call.write(Buffer.from(toBinary(DeltaDiscoveryResponseSchema, response)));
  }
}
