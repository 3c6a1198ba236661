// What the platforms say runs: services, their endpoints, and what each connected proxy serves of them.
import type { Service } from '@meltemi/registry';
import type { DiscoveryServer } from '../../discovery-server.ts';
import type { ProxyNode } from '../../proxy-node.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type DebugPage, json } from '../debug-page.ts';
import { endpointJson, portJson, serviceJson, shardOf, spiffe } from './service-json.ts';

export function registryPages(server: Pick<DiscoveryServer, 'snapshot' | 'proxies'>): readonly DebugPage[] {
  const shards = () => json(endpointShards(server.snapshot));
  return [
    {
      name: 'registryz',
      help: 'Debug support for registry',
      show: () => {
        return json(server.snapshot.registry.services.map(serviceJson));
      },
    },
    { name: 'endpointz', help: 'Obsolete, use endpointShardz', show: shards },
    { name: 'endpointShardz', help: 'Info about the endpoint shards', show: shards },
    {
      name: 'instancesz',
      help: 'Debug support for service instances',
      show: () => {
        const entries = server
          .proxies()
          .map(({ node }) => [`${node.workload}.${node.namespace}`, instances(node, server.snapshot)] as const);
        return json(Object.fromEntries(entries));
      },
    },
    {
      name: 'clusterz',
      help: 'List remote clusters where istiod reads endpoints',
      show: () => json([{ id: 'Kubernetes', secretName: '', syncStatus: 'synced' }]),
    },
  ];
}

/** host → namespace → shard → endpoints. */
function endpointShards(snapshot: Snapshot): object {
  const byHost = Map.groupBy(snapshot.registry.services, ({ host }) => host);
  const served = Array.from(byHost, ([host, services]) => {
    const shards = services.map((service) => shardsOf(service, snapshot)).filter((each) => each !== undefined);
    return [host, shards] as const;
  });
  return Object.fromEntries(
    served.filter(([, shards]) => shards.length > 0).map(([host, shards]) => [host, Object.assign({}, ...shards)]),
  );
}

function shardsOf(service: Service, snapshot: Snapshot): object | undefined {
  const { registry, mesh } = snapshot;
  const endpoints = service.ports.flatMap((port) =>
    registry.instances(service.host, port.number, service.namespace).map((endpoint) => ({ port, endpoint })),
  );
  if (endpoints.length === 0) return undefined;
  const accounts = endpoints
    .map(({ endpoint }) => spiffe(mesh.trustDomain, endpoint.namespace, endpoint.serviceAccount))
    .filter((account) => account !== '');
  return {
    [service.namespace]: {
      Shards: {
        [shardOf(service)]: endpoints.map(({ endpoint, port }) => endpointJson(endpoint, port, snapshot)),
      },
      ServiceAccounts: Object.fromEntries(accounts.map((account) => [account, {}])),
    },
  };
}

function instances({ address, namespace }: ProxyNode, { registry }: Snapshot): readonly object[] {
  return registry
    .servedAt(address)
    .filter(({ service }) => service.namespace === namespace)
    .map(({ service, port, endpoint }) => ({
      Service: serviceJson(service),
      Port: { ...portJson(port), TargetPort: endpoint.address.port },
    }));
}
