// Every connected proxy, with what it was sent and has acknowledged, in istiod's words.
import type { DiscoveryServer } from '../../discovery-server.ts';
import { NOTHING_SENT, type ProxyStatus } from '../../proxy-status.ts';
import { SERVED_TYPE_URL, type ServedType } from '../../resources.ts';
import { seesProxy } from '../../viewer.ts';
import { type DebugPage, json } from '../debug-page.ts';

/** The types that have fields of their own. */
const NAMED: readonly (readonly [ServedType, string])[] = [
  ['CDS', 'cluster'],
  ['LDS', 'listener'],
  ['RDS', 'route'],
  ['EDS', 'endpoint'],
  ['ECDS', 'extensionconfig'],
];

export function syncPage(server: Pick<DiscoveryServer, 'proxies'>): DebugPage {
  return {
    name: 'syncz',
    help: 'Synchronization status of all Envoys connected to this Pilot instance',
    show: ({ query, viewer }) => {
      const namespace = query.get('namespace');
      const shown = server
        .proxies()
        .filter(({ node }) => seesProxy(viewer, node) && (!namespace || node.namespace === namespace));
      return json(shown.map(syncEntry));
    },
  };
}

/** `…_sent` and `…_acked` are nonces. */
function syncEntry({ node, types }: ProxyStatus): object {
  const nonces = NAMED.flatMap(([type, name]) => {
    const { sentNonce, ackedNonce } = types.get(type) ?? NOTHING_SENT;
    return [
      ...(sentNonce ? [[`${name}_sent`, sentNonce]] : []),
      ...(ackedNonce ? [[`${name}_acked`, ackedNonce]] : []),
    ];
  });
  return {
    ...(node.clusterId && { cluster_id: node.clusterId }),
    proxy: `${node.workload}.${node.namespace}`,
    proxy_type: node.kind,
    ...(node.version && { istio_version: node.version }),
    ...Object.fromEntries(nonces),
    resources: resourceStatuses(types),
  };
}

function resourceStatuses(types: ProxyStatus['types']): object {
  const entries = [...types].map(([type, { sentNonce, ackedNonce, sentAt, error }]) => {
    const status = {
      ...(sentNonce && { sent: sentNonce }),
      ...(ackedNonce && { acked: ackedNonce }),
      sentTime: new Date(sentAt).toISOString(),
      ...(error && { lastError: error }),
    };
    return [SERVED_TYPE_URL[type], status];
  });
  return Object.fromEntries(entries);
}
