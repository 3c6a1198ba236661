// Turns a port of a service into the chains by which a redirected sidecar takes connections to it, and where each is.
import { isHttp, type RegistryView, type Service, type ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import { outboundName } from './cluster-name.ts';
import { PLAIN_HTTP } from './inbound-chain-matches.ts';
import { ANY_CONNECTION, type ChainInput, type ChainMatchInput, type TcpTrafficInput } from './listener-input.ts';
import { addressedRouteName } from './redirected-routes.ts';
import { isAddressed, serviceAddresses } from './service-addresses.ts';
import { ruledTcp, ruledTls } from './ruled-traffics.ts';
import { plainTcpTraffic } from './tcp-traffic.ts';

/** The listener of a port for connections to whatever address. */
export const ANY_ADDRESS = '0.0.0.0';

/** A chain, and the address and port that its listener is for. */
export interface PlacedChain {
  readonly address: string;
  readonly port: number;
  readonly service: string;
  readonly chain: ChainInput;
}

/** HTTP is told apart by its hosts, so all of a port share a listener; other bytes only by where they go. */
export function placedChains(
  service: Service,
  port: ServicePort,
  scope: ProxyScope,
  { mesh, registry }: Snapshot,
): readonly PlacedChain[] {
  const at = (address: string, chains: readonly ChainInput[]): PlacedChain[] =>
    chains.map((chain) => ({ address, port: port.number, service: service.host, chain }));
  const shared = httpChain(ANY_ADDRESS, port, String(port.number));
  if (isHttp(port.protocol)) return at(ANY_ADDRESS, [shared]);
  const opaque = opaqueChains(service, port, scope, mesh);
  const inBlocks = () => opaqueChains(service, port, scope, mesh, true);
  const { single, blocks } = service.headless
    ? { single: otherPods(service, port, scope, registry), blocks: [] }
    : serviceAddresses(service);
  if (!service.headless && !isAddressed(service)) {
    return at(ANY_ADDRESS, port.unnamed ? [shared, ...opaque] : opaque);
  }
  const detected = (address: string) =>
    port.unnamed ? [httpChain(address, port, addressedRouteName(service, port))] : [];
  // A block has no listener of its own: its HTTP is told apart by hosts, with all others of the port.
  const block =
    blocks.length === 0
      ? []
      : [...(port.unnamed ? [shared] : []), ...inBlocks().map((chain) => withPrefixes(chain, blocks))];
  return [...single.flatMap((address) => at(address, [...opaque, ...detected(address)])), ...at(ANY_ADDRESS, block)];
}

function withPrefixes(chain: ChainInput, prefixes: readonly string[]): ChainInput {
  return {
    ...chain,
    match: { ...chain.match, prefixes: chain.match.prefixes.length > 0 ? chain.match.prefixes : prefixes },
  };
}

/** Addresses that callers of a headless service dial; the proxy's own application has no need of it to reach itself. */
function otherPods(service: Service, port: ServicePort, { node }: ProxyScope, registry: RegistryView): string[] {
  const addresses = registry.instances(service.host, port.number, service.namespace).map(({ address }) => address.host);
  return [...new Set(addresses)].filter((address) => address !== node.address);
}

/** Takes what looks like HTTP in plaintext. */
function httpChain(address: string, { number }: ServicePort, routeName: string): ChainInput {
  return {
    name: '',
    statPrefix: `outbound_${address}_${number}`,
    match: { ...ANY_CONNECTION, transport: 'plaintext', applicationProtocols: PLAIN_HTTP },
    traffic: { kind: 'routes', routeName },
    tls: undefined,
  };
}

/** TLS without a single address is told apart by the name in the hello: the rule's, else the service's own. */
function opaqueChains(
  service: Service,
  port: ServicePort,
  scope: ProxyScope,
  mesh: MeshSettings,
  named = !isAddressed(service),
): ChainInput[] {
  const statPrefix = outboundName(service.host, port.number).replaceAll('|', '_');
  const chain = (match: ChainMatchInput, traffic: TcpTrafficInput): ChainInput => ({
    name: '',
    statPrefix,
    match,
    traffic,
    tls: undefined,
  });
  const secure = port.protocol === 'tls' || port.protocol === 'https';
  const ruled = secure ? ruledTls(scope, mesh, service, port) : ruledTcp(scope, mesh, service, port);
  const codec = port.protocol === 'mongo' ? ({ codec: 'mongo' } as const) : {};
  const chains = ruled.map(({ names, prefixes, traffic }) =>
    chain({ ...tlsTo(names), prefixes }, { ...traffic, ...codec }),
  );
  // What rules say of TLS is all that there is; of bytes what they leave goes to the service.
  const complete = ruled.length > 0 && (secure || ruled.at(-1)!.prefixes.length === 0);
  if (complete) return chains;
  const match = secure && named ? tlsTo([service.host]) : ANY_CONNECTION;
  return [...chains, chain(match, { ...plainTcpTraffic(scope, mesh, service, port), ...codec })];
}

function tlsTo(serverNames: readonly string[]): ChainMatchInput {
  return { ...ANY_CONNECTION, serverNames };
}
