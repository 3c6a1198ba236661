// The networks of a mesh as one proxy sees them: its own, and the gateways to the others.
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { SocketAddress } from '@meltemi/base';
import type { Endpoint, RegistryView } from '@meltemi/registry';
import type { MeshNetworks } from '../mesh-networks.ts';
import type { ProxyNode } from '../proxy-node.ts';

const NETWORK = 'topology.istio.io/network';

export interface NetworkView {
  /** Empty: it says none. */
  readonly own: string;
  /** Those of a network that has some, in the order of their addresses. */
  readonly gateways: Readonly<Record<string, readonly SocketAddress[]>>;
  readonly networks: MeshNetworks;
  /** Two views with the same key are the same. */
  readonly key: string;
}

/** Undefined where no network has a gateway: every endpoint is dialled itself. */
export function networkView(
  networks: MeshNetworks,
  { metadata, labels }: Pick<ProxyNode, 'metadata' | 'labels'>,
  registry: RegistryView,
): NetworkView | undefined {
  const gateways = Object.fromEntries(
    Object.entries(networks).flatMap(([name, network]) => {
      const found = (network.gateways ?? []).flatMap((gateway) => addressesOf(gateway, registry));
      return found.length > 0 ? [[name, found.sort(byAddress)] as const] : [];
    }),
  );
  if (Object.keys(gateways).length === 0) return undefined;
  const said = metadata['NETWORK'];
  const own = typeof said === 'string' ? said : (labels[NETWORK] ?? '');
  return { own, gateways, networks, key: JSON.stringify([own, gateways, networks]) };
}

type Gateway = NonNullable<MeshNetworks[string]['gateways']>[number];

/** A name that only DNS knows is left out: endpoints have addresses. */
function addressesOf({ address, registryServiceName, port }: Gateway, registry: RegistryView): SocketAddress[] {
  if (address !== undefined) return isIP(address) ? [{ host: address, port }] : [];
  return registryServiceName === undefined
    ? []
    : registry.instances(registryServiceName, port).map((endpoint) => endpoint.address);
}

/** By its own word, else by its label, else by its address; empty where nothing says it. */
export function networkOf({ network, labels, address }: Endpoint, { networks }: Pick<NetworkView, 'networks'>): string {
  if (network) return network;
  const labelled = labels[NETWORK];
  if (labelled) return labelled;
  const found = Object.entries(networks).find(([, { endpoints = [] }]) =>
    endpoints.some(({ fromCidr }) => fromCidr !== undefined && covers(fromCidr, address.host)),
  );
  return found?.[0] ?? '';
}

function covers(cidr: string, host: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  if (!isIP(network) || !isIP(host) || isIPv6(host) !== isIPv6(network)) return false;
  const list = new BlockList();
  list.addSubnet(network, length === '' ? (family === 'ipv6' ? 128 : 32) : Number(length), family);
  return list.check(host, family);
}

function byAddress(a: SocketAddress, b: SocketAddress): number {
  return a.host < b.host ? -1 : a.host > b.host ? 1 : a.port - b.port;
}
