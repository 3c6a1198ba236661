// Endpoints + networks → endpoints of the proxy's own network, and the gateways of others in the place of theirs.
// https://istio.io/latest/docs/ops/deployment/deployment-models/#multiple-networks
import type { SocketAddress } from '@meltemi/base';
import type { LocalityEndpointInput } from './endpoint-input.ts';
import type { NetworkView } from './networks.ts';

/** An endpoint with its network; empty: nobody says which. */
export interface NetworkedEndpoint {
  readonly network: string;
  readonly endpoint: LocalityEndpointInput;
}

/**
 * Of one locality. Each remote endpoint's weight is spread over the gateways of its network, so all weights are scaled
 * to stay whole. Gateways route by the name in the hello of mutual TLS: what takes none is not reached by them.
 */
export function acrossNetworks(
  endpoints: readonly NetworkedEndpoint[],
  view: NetworkView,
  gateway: (address: SocketAddress, weight: number) => LocalityEndpointInput,
): readonly LocalityEndpointInput[] {
  const scale = Object.values(view.gateways).reduce((factor, { length }) => leastCommonMultiple(factor, length), 1);
  const direct: LocalityEndpointInput[] = [];
  const remote = new Map<SocketAddress, number>();
  for (const { network, endpoint } of endpoints) {
    const gateways = network === view.own ? [] : (view.gateways[network] ?? []);
    const weight = Math.max(1, endpoint.weight) * scale;
    if (gateways.length === 0) direct.push({ ...endpoint, weight });
    else if (endpoint.inMesh && endpoint.healthy)
      for (const address of gateways) remote.set(address, (remote.get(address) ?? 0) + weight / gateways.length);
  }
  return [...direct, ...[...remote].map(([address, weight]) => gateway(address, weight))];
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
