// Sends a connection to the cluster that has the name in its hello, as AUTO_PASSTHROUGH wants.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/sni_cluster_filter
import type { ConnectionFilter } from './connection-filter.ts';
import { CLUSTER_KEY, setState } from './connection-state.ts';

export function sniCluster(): ConnectionFilter {
  return {
    admit({ transport }) {
      const name = transport.tls?.sni ?? transport.requestedServerName;
      if (name !== undefined) setState(transport, CLUSTER_KEY, name);
      return undefined;
    },
    close: () => undefined,
  };
}
