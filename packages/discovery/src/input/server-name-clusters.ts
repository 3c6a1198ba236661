// Clusters of a gateway between networks: it passes mutual TLS on to where the name in the hello leads.
// https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode AUTO_PASSTHROUGH
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ClusterInput } from './cluster-input.ts';
import { outboundServerName } from './cluster-name.ts';
import { NO_POLICY } from './destination-policy.ts';
import type { EndpointInput } from './endpoint-input.ts';
import { endpointInput, servedPort } from './endpoint-inputs.ts';
import { serverKind } from './gateway-server.ts';
import { boundServers } from './merged-servers.ts';
import { networkView } from './networks.ts';
import { outboundClusterInputs } from './outbound-cluster-inputs.ts';
import { plainServers } from './plain-servers.ts';

/** None where no server of the proxy's gateways asks for them. TLS is the client's: it goes on as it is. */
export function serverNameClusters(scope: ProxyScope, snapshot: Snapshot): readonly ClusterInput[] {
  if (!passesOn(scope)) return [];
  const sources = { ...snapshot, redirected: scope.redirected, plain: plainServers(snapshot), gateway: true };
  return outboundClusterInputs(scope.visible, sources)
    .filter(({ service, discovery }) => !service.external && discovery.kind === 'eds')
    .map((cluster) => ({ ...cluster, name: serverName(cluster.name), tls: { kind: 'none' } }));
}

/** Only who takes mutual TLS. */
export function serverNameEndpoints(scope: ProxyScope, snapshot: Snapshot): readonly EndpointInput[] {
  if (!passesOn(scope)) return [];
  const { registry, mesh } = snapshot;
  const networks = networkView(mesh.networks, scope.node, registry);
  const servers = { registry, plain: plainServers(snapshot), networks };
  return scope.visible.services
    .filter((service) => !service.meshExternal && service.resolution === 'registry')
    .flatMap((service) => {
      const { subsets } = scope.visible.policies.get(service.host) ?? NO_POLICY;
      return service.ports.flatMap(({ number: port }) =>
        [undefined, ...subsets.map(({ subset }) => subset)].map((subset) =>
          renamed(endpointInput(servers, servedPort(service, port), subset)),
        ),
      );
    });
}

function passesOn(scope: ProxyScope): boolean {
  return boundServers(scope).some(({ server }) => serverKind(server) === 'auto-passthrough');
}

function renamed({ name, localities }: EndpointInput): EndpointInput {
  return {
    name: serverName(name),
    localities: localities.map(({ locality, endpoints }) => ({
      locality,
      endpoints: endpoints.filter(({ inMesh }) => inMesh),
    })),
  };
}

/** Of a cluster: what its clients say in their hellos. */
function serverName(cluster: string): string {
  const [, port, subset, host] = cluster.split('|');
  return outboundServerName(host ?? '', Number(port), subset);
}
