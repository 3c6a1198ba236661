// Runs our proxy as a process before an upstream that notes each request, and tells what the process costs meanwhile.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { freePorts } from './free-ports.ts';
import { clusterOf } from './paired-proxies.ts';
import { startProxyProcess } from './proxy-process.ts';

export interface GuardedProxy {
  readonly port: number;
  /** Whole requests that came out of the proxy: `GET /path body`. */
  readonly seen: readonly string[];
  /** Forgets what was seen; returns it. */
  takeSeen(): readonly string[];
  cost(): ProxyCost;
}

export interface ProxyCost {
  /** Resident memory. */
  readonly bytes: number;
  /** Of processor time, user and system. */
  readonly cpuMs: number;
}

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

/** About so many bytes of a body are noted. */
const NOTED = 100;

const FILTERS = 'type.googleapis.com/envoy.extensions.filters';

/** `manager`: further fields of the connection manager. `upstream`: the port that all goes to; default: one that answers `ok`. */
export async function startGuardedProxy(
  context: TestContext,
  manager: object = {},
  upstream?: number,
): Promise<GuardedProxy> {
  let seen: string[] = [];
  const target = upstream ?? (await startNotingUpstream(context, (request) => seen.push(request)));
  const [port] = (await freePorts(1)) as [number];
  const proxy = await startProxyProcess(bootstrapOf(port, target, manager));
  context.after(() => proxy.stop());
  return {
    port,
    get seen() {
      return seen;
    },
    takeSeen() {
      const taken = seen;
      seen = [];
      return taken;
    },
    cost: () => costOf(proxy.pid),
  };
}

async function startNotingUpstream(context: TestContext, note: (request: string) => void): Promise<number> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => {
      if (body.length < NOTED) body += chunk.toString('latin1', 0, NOTED);
    });
    request.on('end', () => {
      note(`${request.method} ${request.url} ${body}`.trimEnd());
      response.end('ok');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function costOf(pid: number): ProxyCost {
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  // Behind the command's name, which may have spaces: state is the first, utime the twelfth, stime the thirteenth.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
  return { bytes: Number(resident![1]) * 1024, cpuMs: (Number(stat[11]) + Number(stat[12])) * TICK_MS };
}

function bootstrapOf(port: number, upstream: number, fields: object): JsonObject {
  const router = { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } };
  const manager = {
    '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'guarded',
    http_filters: [router],
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app', timeout: '0s' } }] },
      ],
    },
    ...fields,
  };
  const listener = {
    name: 'guarded',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager as unknown as JsonValue }] }],
  };
  return {
    node: { id: 'guarded', cluster: 'test' },
    static_resources: { clusters: [clusterOf('app', upstream)], listeners: [listener] },
  };
}
