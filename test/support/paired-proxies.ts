// Runs a real Envoy and our proxy on the same static configuration, and tells what clients and upstreams see of both.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type EchoUpstream, startEchoUpstream } from './echo-upstream.ts';
import { startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { startProxyProcess } from './proxy-process.ts';
import type { TestRequest } from './random-requests.ts';
import { type SeenExchange, TestClient } from './seen-exchange.ts';

/** One listener of both proxies. Messages are written as protobuf's JSON, in snake case or camel case. */
export interface PairedListener {
  /** HTTP filters before the router. */
  readonly filters: readonly object[];
  /** Default: everything to cluster `echo`. */
  readonly routes?: readonly object[];
  /** Further fields of the virtual host, the route configuration and the connection manager. */
  readonly virtualHost?: object;
  readonly routeConfiguration?: object;
  readonly manager?: object;
  /** Further fields of the listener. */
  readonly listener?: object;
}

export interface PairedSetup {
  readonly listeners: readonly PairedListener[];
  /** Beside `echo`, which answers with what it received. */
  readonly clusters?: readonly object[];
  /** Further fields of the bootstrap. */
  readonly bootstrap?: object;
}

export interface PairedProxies {
  /** Sends a request to a listener of both, and compares what they make of it; returns what both did. */
  same(listener: number, request: Partial<TestRequest>): Promise<SeenExchange>;
  /** Ports of the listeners and of the admin pages, of Envoy and of ours. */
  readonly envoy: PairedPorts;
  readonly ours: PairedPorts;
}

export interface PairedPorts {
  readonly listeners: readonly number[];
  readonly admin: number;
}

const TYPE = 'type.googleapis.com/envoy.extensions.filters';

/** Which of both. */
export type Side = 'envoy' | 'ours';

/**
 * Both end with the test. Rejects as soon as one does not start; then the other ends too. A function makes what is to
 * differ, such as the names of files.
 */
export async function startPairedProxies(
  context: TestContext,
  given: PairedSetup | ((side: Side) => PairedSetup),
): Promise<PairedProxies> {
  const [theirs, own] = (['envoy', 'ours'] as const).map((side) => (typeof given === 'function' ? given(side) : given));
  const echo = await startEchoUpstream('echo');
  context.after(() => echo.close());
  const count = own!.listeners.length;
  const ports = await freePorts(2 * (count + 1));
  const [envoy, ours] = [portsOf(ports.slice(0, count + 1)), portsOf(ports.slice(count + 1))];
  const failed = new AbortController();
  const starting = [
    startEnvoy(bootstrapOf(theirs!, echo, envoy), failed.signal),
    startProxyProcess(bootstrapOf(own!, echo, ours), failed.signal),
  ];
  for (const start of starting) context.after(() => start.then((proxy) => proxy.stop()).catch(() => {}));
  await Promise.all(starting).catch((error: unknown) => {
    failed.abort();
    throw error;
  });
  const clients = [envoy, ours].map(({ listeners }) => listeners.map((port) => new TestClient(port)));
  context.after(() => clients.flat().forEach((client) => client.close()));
  let sent = 0;
  return {
    envoy,
    ours,
    async same(listener, request) {
      const whole: TestRequest = { method: 'GET', path: '/', authority: 'echo.test', headers: {}, ...request };
      const id = String(sent++);
      const [theirs, own] = await Promise.all(clients.map((each) => each[listener]!.send(whole, id)));
      assert.deepEqual(own, theirs, `${whole.method} ${whole.path} ${JSON.stringify(whole.headers)}`);
      return own!;
    },
  };
}

function portsOf(ports: readonly number[]): PairedPorts {
  return { listeners: ports.slice(1), admin: ports[0]! };
}

function bootstrapOf(setup: PairedSetup, echo: EchoUpstream, ports: PairedPorts): JsonObject {
  const clusters = [clusterOf('echo', echo.port), ...(setup.clusters ?? [])];
  const listeners = setup.listeners.map((listener, index) => listenerOf(listener, index, ports.listeners[index]!));
  return {
    node: { id: 'paired', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    ...(setup.bootstrap as JsonObject | undefined),
    static_resources: { clusters: clusters as JsonValue, listeners },
  };
}

/** A static cluster of one endpoint on loopback. */
export function clusterOf(name: string, port: number, fields: object = {}): JsonObject {
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    ...(fields as JsonObject),
  };
}

function listenerOf(listener: PairedListener, index: number, port: number): JsonObject {
  const router = { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } };
  const routes = listener.routes ?? [{ match: { prefix: '/' }, route: { cluster: 'echo' } }];
  const manager = {
    '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: `paired_${index}`,
    http_filters: [...listener.filters, router],
    route_config: {
      name: `routes-${index}`,
      virtual_hosts: [{ name: 'all', domains: ['*'], routes, ...listener.virtualHost }],
      ...listener.routeConfiguration,
    },
    ...listener.manager,
  };
  return {
    name: `paired-${index}`,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager as unknown as JsonValue }] }],
    ...(listener.listener as JsonObject | undefined),
  };
}

/** An HTTP filter as a chain names it: `httpFilter('buffer', 'Buffer', { max_request_bytes: 5 })`. */
export function httpFilter(folder: string, message: string, fields: object = {}, more: object = {}): JsonObject {
  const typed = { '@type': `${TYPE}.http.${folder}.v3.${message}`, ...fields };
  return { name: `envoy.filters.http.${folder}`, typed_config: typed, ...more };
}

/** What a route says to a filter: `perRoute('buffer', 'BufferPerRoute', { disabled: true })`. */
export function perRoute(folder: string, message: string, fields: object): JsonObject {
  const typed = { '@type': `${TYPE}.http.${folder}.v3.${message}`, ...fields };
  return { [`envoy.filters.http.${folder}`]: typed };
}
