// Starts a whole proxy for tests: a static bootstrap with one HTTP listener before servers of the test.
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { readBootstrap } from './bootstrap/read-bootstrap.ts';
import { runProxy, type RunningProxy } from './run.ts';

export interface ProxySetup {
  /** Virtual hosts' routes; default: everything to cluster `app`. */
  readonly routes?: readonly object[];
  /** Further fields of the virtual host. */
  readonly virtualHost?: object;
  /** Ports of the endpoints of cluster `app`. */
  readonly ports?: readonly number[];
  /** Further fields of cluster `app`. */
  readonly cluster?: object;
  /** Takes the place of the connection manager. */
  readonly networkFilter?: object;
  /** Further fields of the connection manager. */
  readonly manager?: object;
  /** Further HTTP filters before the router. */
  readonly filters?: readonly object[];
  /** Further fields of the filter chain. */
  readonly chain?: object;
  readonly moreClusters?: readonly object[];
  /** Further fields of the node. */
  readonly node?: object;
  /** Further fields of the listener. */
  readonly listener?: object;
  readonly drainTimeMs?: number;
  readonly drainStrategy?: 'gradual' | 'immediate';
  /** How many; default 1. */
  readonly workers?: number;
  /** What the script of the other workers finds. */
  readonly program?: Readonly<Record<string, string>>;
}

export interface ProxyUnderTest {
  readonly proxy: RunningProxy;
  readonly port: number;
  /** `http://127.0.0.1:PORT` of the admin server. */
  readonly admin: string;
  close(): Promise<void>;
}

/** What the workers beside the first run in tests. */
export const WORKER_SCRIPT = new URL('./workers/worker.fixture.ts', import.meta.url);

const TYPES = 'type.googleapis.com/envoy.extensions';

export async function startProxy(setup: ProxySetup): Promise<ProxyUnderTest> {
  const bootstrap = await readBootstrap({ file: { name: 'test.yaml', text: JSON.stringify(bootstrapOf(setup)) } });
  const proxy = await runProxy({
    bootstrap,
    clock: systemClock(),
    dice: seededDice(7),
    logger: silentLogger,
    drainTimeMs: setup.drainTimeMs ?? 5000,
    ...(setup.drainStrategy && { drainStrategy: setup.drainStrategy }),
    concurrency: setup.workers ?? 1,
    worker: { script: WORKER_SCRIPT, program: setup.program ?? {} },
    logLevel: { level: 'none' },
    hostname: 'test',
    version: 'test',
  });
  await proxy.ready.catch(async (error: unknown) => {
    await proxy.close();
    throw error;
  });
  const address = proxy.listenerAddress('http');
  const port = address && 'port' in address ? address.port : 0;
  return { proxy, port, admin: `http://127.0.0.1:${proxy.adminPort}`, close: () => proxy.close() };
}

function bootstrapOf(setup: ProxySetup): object {
  return {
    admin: { address: socketAddress(0) },
    node: { id: 'test', cluster: 'test', ...setup.node },
    static_resources: {
      listeners: [
        {
          name: 'http',
          address: socketAddress(0),
          filter_chains: [{ filters: [setup.networkFilter ?? manager(setup)], ...setup.chain }],
          ...setup.listener,
        },
      ],
      clusters: [cluster('app', setup.ports ?? [], setup.cluster), ...(setup.moreClusters ?? [])],
    },
  };
}

export function cluster(name: string, ports: readonly number[], more: object = {}): object {
  const endpoints = ports.map((port) => ({ endpoint: { address: socketAddress(port) } }));
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...more,
  };
}

export function routerFilter(): object {
  return { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` } };
}

export function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function manager(setup: ProxySetup): object {
  const virtualHost = {
    name: 'all',
    domains: ['*'],
    routes: setup.routes ?? [{ match: { prefix: '/' }, route: { cluster: 'app', timeout: '5s' } }],
    ...setup.virtualHost,
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'test',
      route_config: { name: 'local', validate_clusters: false, virtual_hosts: [virtualHost] },
      http_filters: [...(setup.filters ?? []), routerFilter()],
      ...setup.manager,
    },
  };
}

/** A server of node:http on a free port. */
export async function startServer(
  listener: RequestListener,
): Promise<{ readonly port: number; readonly server: Server; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A plain TCP client that collects what it reads. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  ended = false;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (data) => this.#note(() => (this.text += String(data))));
    this.socket.on('end', () => this.#note(() => (this.ended = true)));
    this.socket.on('close', () => this.#note(() => (this.ended = true)));
    this.socket.on('error', () => this.#note(() => (this.ended = true)));
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when what was read satisfies the wish, or the connection ended. */
  async until(wish: (text: string) => boolean): Promise<string> {
    while (!wish(this.text) && !this.ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  async untilEnd(): Promise<string> {
    while (!this.ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  close(): void {
    this.socket.destroy();
  }

  #note(change: () => unknown): void {
    change();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
