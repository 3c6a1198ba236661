// Turns a port of a service into the chains by which a redirected sidecar takes connections to it, and where each is.
import { isHttp, type Service, type ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { outboundName } from './cluster-name.ts';
import { PLAIN_HTTP } from './inbound-chain-matches.ts';
import { ANY_CONNECTION, type ChainInput, type ChainMatchInput, type TcpTrafficInput } from './listener-input.ts';
import { addressedRouteName } from './redirected-routes.ts';
import { isAddressed, serviceAddresses } from './service-addresses.ts';
import { serviceTcpTraffic, serviceTlsTraffics } from './tcp-traffic.ts';

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
  mesh: MeshSettings,
): readonly PlacedChain[] {
  const at = (address: string, chains: readonly ChainInput[]): PlacedChain[] =>
    chains.map((chain) => ({ address, port: port.number, service: service.host, chain }));
  const shared = httpChain(ANY_ADDRESS, port, String(port.number));
  if (isHttp(port.protocol)) return at(ANY_ADDRESS, [shared]);
  const opaque = opaqueChains(service, port, scope, mesh);
  if (!isAddressed(service)) return at(ANY_ADDRESS, port.unnamed ? [shared, ...opaque] : opaque);
  const { single, blocks } = serviceAddresses(service);
  const detected = (address: string) =>
    port.unnamed ? [httpChain(address, port, addressedRouteName(service, port))] : [];
  const inBlocks = blocks.length === 0 ? [] : opaque.map((chain) => withPrefixes(chain, blocks));
  return [...single.flatMap((address) => at(address, [...opaque, ...detected(address)])), ...at(ANY_ADDRESS, inBlocks)];
}

function withPrefixes(chain: ChainInput, prefixes: readonly string[]): ChainInput {
  return { ...chain, match: { ...chain.match, prefixes } };
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

/** TLS without an address is told apart by the name in the hello: the rule's, else the service's own. */
function opaqueChains(service: Service, port: ServicePort, scope: ProxyScope, mesh: MeshSettings): ChainInput[] {
  const statPrefix = outboundName(service.host, port.number).replaceAll('|', '_');
  const chain = (match: ChainMatchInput, traffic: TcpTrafficInput): ChainInput => ({
    name: '',
    statPrefix,
    match,
    traffic,
    tls: undefined,
  });
  const secure = port.protocol === 'tls' || port.protocol === 'https';
  const ruled = secure ? serviceTlsTraffics(scope, mesh, service, port) : [];
  if (ruled.length > 0) return ruled.map(({ names, traffic }) => chain(tlsTo(names), traffic));
  const match = secure && !isAddressed(service) ? tlsTo([service.host]) : ANY_CONNECTION;
  return [chain(match, serviceTcpTraffic(scope, mesh, service, port))];
}

function tlsTo(serverNames: readonly string[]): ChainMatchInput {
  return { ...ANY_CONNECTION, transport: 'tls', serverNames };
}
