// Listeners → `proxy-config listener`'s rows and filters.
import type { JsonObject } from '@bufbuild/protobuf';
import type { FilterChainJson, HttpManagerJson, ListenerJson, TcpProxyJson } from '../proxy-json.ts';
import type { ListenerFilter } from './filters.ts';
import { chainMatchText } from './match-text.ts';

export function keepListener(listener: ListenerJson, { address, port, type }: ListenerFilter): boolean {
  const socket = listener.address?.socket_address;
  return (
    (address === undefined || socket?.address === address) &&
    (port === undefined || socket?.port_value === port) &&
    (type === undefined || listenerType(listener) === type.toUpperCase())
  );
}

export function listenerTable(listeners: readonly ListenerJson[]): readonly (readonly string[])[] {
  const rows = listeners
    .toSorted((a, b) => portOf(a) - portOf(b))
    .flatMap((listener) =>
      chainsOf(listener).map((chain) => [
        listener.address?.socket_address?.address ?? listener.address?.pipe?.path ?? '',
        String(portOf(listener)),
        chainMatchText(chain.filter_chain_match),
        destinationOf(chain),
      ]),
    );
  return [['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'], ...rows];
}

export function chainsOf({
  filter_chains: chains,
  default_filter_chain: last,
}: ListenerJson): readonly FilterChainJson[] {
  return [...(chains ?? []), ...(last ? [last] : [])];
}

export function httpManagerOf(chain: FilterChainJson): HttpManagerJson | undefined {
  return filterConfig(chain, 'HttpConnectionManager');
}

export function tcpProxyOf(chain: FilterChainJson): TcpProxyJson | undefined {
  return filterConfig(chain, 'TcpProxy');
}

/** The config of a chain's filter by the end of its message's name. */
function filterConfig({ filters }: FilterChainJson, message: string): JsonObject | undefined {
  return filters?.find(({ typed_config: config }) => config?.['@type'].endsWith(`.${message}`))?.typed_config;
}

/** `CLUSTER`, or each with its weight. */
export function tcpClustersText({ cluster, weighted_clusters: weighted }: TcpProxyJson): string {
  return cluster ?? (weighted?.clusters ?? []).map(({ name, weight }) => `${name}=${weight ?? 0}`).join(', ');
}

function listenerType(listener: ListenerJson): string {
  const chains = chainsOf(listener);
  const words = [...(chains.some(httpManagerOf) ? ['HTTP'] : []), ...(chains.some(tcpProxyOf) ? ['TCP'] : [])];
  return words.join('+') || 'UNKNOWN';
}

function destinationOf(chain: FilterChainJson): string {
  const manager = httpManagerOf(chain);
  if (manager) return httpDestination(manager);
  const tcp = tcpProxyOf(chain);
  return tcp ? `Cluster: ${tcpClustersText(tcp)}` : 'Non-HTTP/Non-TCP';
}

function httpDestination({ rds, route_config: inline }: HttpManagerJson): string {
  if (rds) return `Route: ${rds.route_config_name}`;
  const routes = inline?.virtual_hosts?.flatMap((host) => host.routes ?? []) ?? [];
  const clusters = new Set(routes.map(({ route }) => route?.cluster ?? ''));
  const [only] = clusters;
  return clusters.size === 1 && only ? `Cluster: ${only}` : `Inline Route: ${inline?.name ?? ''}`;
}

const portOf = (listener: ListenerJson): number => listener.address?.socket_address?.port_value ?? 0;
