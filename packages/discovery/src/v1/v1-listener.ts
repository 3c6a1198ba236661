// Makes the listeners of v1: for requests, and for connections of which nothing is known.
import type { Protocol } from '@meltemi/registry';
import type { FilterDocument, ListenerDocument, ListenerTlsDocument, RouteConfigDocument } from './documents.ts';
import type { Instance } from './instance.ts';
import { compact } from './json-text.ts';
import { httpMixerFilter } from './mixer-filter.ts';
import type { V1Node } from './v1-node.ts';
import type { V1World } from './v1-world.ts';

export interface HttpListenerInput {
  readonly node: V1Node;
  readonly instances: readonly Instance[];
  readonly host: string;
  readonly port: number;
  /** Inline, or the name under which the proxy asks for it. */
  readonly routes: RouteConfigDocument | string;
  readonly faults?: readonly FilterDocument[];
  /** True on the edge: the caller's address is the connection's. */
  readonly useRemoteAddress?: boolean;
  readonly tls?: ListenerTlsDocument | undefined;
  readonly bindToPort: boolean;
}

export function httpListener(world: V1World, input: HttpListenerInput): ListenerDocument {
  const { mesh } = world;
  const filters = [
    ...httpFilters(world, input),
    ...(input.faults ?? []),
    { type: 'decoder', name: 'router', config: {} },
  ];
  const config = {
    codec_type: 'auto',
    stat_prefix: 'http',
    ...(mesh.enableTracing && { generate_request_id: true }),
    ...(input.useRemoteAddress && { use_remote_address: true }),
    ...(mesh.enableTracing && { tracing: { operation_name: 'ingress' } }),
    ...(typeof input.routes === 'string' ? { rds: rdsOf(world, input.routes) } : { route_config: input.routes }),
    filters,
    ...(mesh.accessLogFile !== '' && { access_log: [{ path: mesh.accessLogFile }] }),
  };
  const manager: FilterDocument = { type: 'read', name: 'http_connection_manager', config };
  return listenerOf(world, { ...input, kind: 'http', filters: [manager] });
}

/** The gateways of 0.1 didn't ask Mixer. */
function httpFilters(world: V1World, { node, instances }: HttpListenerInput): readonly FilterDocument[] {
  return world.release === '0.1' && node.kind !== 'sidecar' ? [] : httpMixerFilter(world, node, instances);
}

function rdsOf({ mesh }: V1World, name: string) {
  return { cluster: 'rds', route_config_name: name, refresh_delay_ms: mesh.rdsRefreshDelayMs };
}

export interface TcpListenerInput {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly cluster: string;
  /** Filters before the proxying one. */
  readonly filters?: readonly FilterDocument[];
  /** Empty: any address. */
  readonly addresses: readonly string[];
  readonly tls?: ListenerTlsDocument | undefined;
}

export function tcpListener(world: V1World, input: TcpListenerInput): ListenerDocument {
  const { cluster, addresses } = input;
  const route = { cluster, ...(addresses.length > 0 && { destination_ip_list: addresses.map((ip) => `${ip}/32`) }) };
  const proxy: FilterDocument = {
    type: 'read',
    name: 'tcp_proxy',
    config: { stat_prefix: 'tcp', route_config: { routes: [route] } },
  };
  const mongo: FilterDocument = { type: 'both', name: 'mongo_proxy', config: { stat_prefix: 'mongo' } };
  const isMongo = input.protocol === 'mongo';
  const filters = [...(input.filters ?? []), ...(isMongo ? [mongo] : []), proxy];
  return listenerOf(world, { ...input, kind: isMongo ? 'mongo' : 'tcp', filters, bindToPort: false });
}

interface ListenerInput {
  readonly kind: 'http' | 'tcp' | 'mongo';
  readonly host: string;
  readonly port: number;
  readonly filters: readonly FilterDocument[];
  readonly tls?: ListenerTlsDocument | undefined;
  readonly bindToPort: boolean;
}

function listenerOf({ release }: V1World, input: ListenerInput): ListenerDocument {
  return compact<ListenerDocument>({
    address: `tcp://${input.host}:${input.port}`,
    name: release === '0.1' ? undefined : `${input.kind}_${input.host}_${input.port}`,
    filters: input.filters,
    ssl_context: input.tls,
    bind_to_port: input.bindToPort,
  });
}

/** Where iptables sends every connection; it hands them on by the address that was dialled. */
export function virtualListener({ mesh, release }: V1World): ListenerDocument {
  return compact<ListenerDocument>({
    address: `tcp://0.0.0.0:${mesh.proxyListenPort}`,
    name: release === '0.1' ? undefined : 'virtual',
    filters: [],
    bind_to_port: true,
    use_original_dst: true,
  });
}

/** One an address, the first, by address as text. */
export function sortListeners(listeners: readonly ListenerDocument[]): readonly ListenerDocument[] {
  const byAddress = new Map<string, ListenerDocument>();
  for (const listener of listeners) if (!byAddress.has(listener.address)) byAddress.set(listener.address, listener);
  return [...byAddress.keys()].sort().map((address) => byAddress.get(address)!);
}
