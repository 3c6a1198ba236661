// Every stream, with the proxy that it is of and what that asked for.
import type { DiscoveryServer } from '../../discovery-server.ts';
import type { ProxyStatus } from '../../proxy-status.ts';
import { SERVED_TYPE_URL } from '../../resources.ts';
import { ofProxy } from '../asked-proxy.ts';
import { type DebugPage, json } from '../debug-page.ts';

type Server = Pick<DiscoveryServer, 'proxies' | 'proxy' | 'resourcesOf'>;

export function connectionPages(server: Server): readonly DebugPage[] {
  return [
    {
      name: 'adsz',
      help: 'Status and debug interface for ADS',
      show: (asked) => {
        if (asked.query.has('proxyID')) return ofProxy(server, asked, ({ status }) => json(clients([status], client)));
        return json(clients(server.proxies(), client));
      },
    },
    {
      name: 'connections',
      help: 'Info about the connected XDS clients',
      show: () => json(clients(server.proxies(), connection)),
    },
  ];
}

function clients(proxies: readonly ProxyStatus[], show: (status: ProxyStatus) => object): object {
  const sorted = proxies.toSorted((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
  return { totalClients: sorted.length, ...(sorted.length > 0 && { clients: sorted.map(show) }) };
}

function connection({ connectionId, connectedAt, peer }: ProxyStatus): object {
  return { connectionId, connectedAt: new Date(connectedAt).toISOString(), address: peer };
}

function client(status: ProxyStatus): object {
  const { node, variant, watches } = status;
  return {
    ...connection(status),
    delta: variant === 'delta',
    ...(Object.keys(node.labels).length > 0 && { labels: node.labels }),
    metadata: node.metadata,
    locality: node.locality,
    watches: Object.fromEntries([...watches].map(([type, names]) => [SERVED_TYPE_URL[type], names])),
  };
}
