// Turns rules for connections (VirtualService tcp and tls) and plain services into where their bytes go.
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { L4Match, LocatedResource, RouteDestination, VirtualService } from '@meltemi/config';
import type { Service, ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { type DestinationResolver, destinationResolver } from './destination-resolver.ts';
import type { TcpTrafficInput } from './listener-input.ts';
import { provenance } from './provenance.ts';
import { addresses, type RouteAudience } from './route-match-inputs.ts';

/** Everything to one cluster. */
export function plainTcp(cluster: string): TcpTrafficInput {
  return { kind: 'tcp', clusters: [{ cluster, weight: 1 }], idleTimeoutMs: undefined, hashSourceIp: false };
}

/** The traffic of a sidecar's listener for a port: the first route of the host's rule that holds, else the service. */
export function serviceTcpTraffic(
  scope: ProxyScope,
  mesh: MeshSettings,
  service: Service,
  port: ServicePort,
): TcpTrafficInput {
  const context = meshContext(scope, mesh, service, port);
  for (const rule of scope.visible.meshTcpRule(service.host)) {
    const ruled = tcpRouteTraffic(rule, context);
    if (ruled) return ruled;
  }
  return plainTcpTraffic(scope, mesh, service, port);
}

/** To the service itself. */
export function plainTcpTraffic(
  scope: ProxyScope,
  mesh: MeshSettings,
  service: Service,
  port: ServicePort,
): TcpTrafficInput {
  const itself = { destination: { host: service.host, port: { number: port.number } } };
  return tcpTraffic([itself], scope.node.namespace, meshContext(scope, mesh, service, port).destinations);
}

/** What a sidecar's rules for a port are read with. */
export function meshContext(
  scope: ProxyScope,
  mesh: MeshSettings,
  service: Service,
  port: ServicePort,
): TcpRouteContext {
  const { labels, node } = scope;
  return {
    audience: { gateway: 'mesh', labels, namespace: node.namespace, port: port.number },
    destinations: destinationResolver(scope.visible, { domain: mesh.domain, port: port.number }),
    address: service.address,
  };
}

export interface TcpRouteContext {
  readonly audience: RouteAudience;
  readonly destinations: DestinationResolver;
  /** The IP address that callers dial; empty where there is none of its own. */
  readonly address: string;
}

/** The first of the rule's tcp routes that holds; undefined: none does. */
export function tcpRouteTraffic(
  rule: LocatedResource<VirtualService>,
  { audience, destinations, address }: TcpRouteContext,
): TcpTrafficInput | undefined {
  const home = rule.metadata.namespace;
  const holds = (match: L4Match) => addresses(match, home, audience) && covers(match.destinationSubnets, address);
  const routes = rule.spec.tcp ?? [];
  const index = routes.findIndex(({ match }) => !match || match.length === 0 || match.some(holds));
  const route = routes[index]?.route;
  const written = provenance(rule, `spec.tcp[${index}]`);
  return route && { ...tcpTraffic(route, home, destinations), provenance: written };
}

export interface NamedTraffic {
  readonly traffic: TcpTrafficInput;
  /** In the client's hello; empty: any. */
  readonly names: readonly string[];
}

/** What the rule's tls routes say, by the names in the client's hello. */
export function tlsRouteTraffics(
  rule: LocatedResource<VirtualService>,
  { audience, destinations, address }: TcpRouteContext,
): NamedTraffic[] {
  const home = rule.metadata.namespace;
  return (rule.spec.tls ?? []).flatMap(({ match, route }, index) =>
    match
      .filter((each) => addresses(each, home, audience) && covers(each.destinationSubnets, address))
      .map(({ sniHosts }) => ({
        traffic: {
          ...tcpTraffic(route ?? [], home, destinations),
          provenance: provenance(rule, `spec.tls[${index}]`),
        },
        names: sniHosts.map((name) => name.toLowerCase()).filter((name) => name !== '*'),
      })),
  );
}

/** A destination of weight 0 gets nothing; where no weight is written at all, each gets the same. */
export function tcpTraffic(
  routes: readonly RouteDestination[],
  home: string,
  destinations: DestinationResolver,
): TcpTrafficInput {
  const weighted = routes.filter(({ weight }) => (weight ?? 0) > 0);
  const chosen = (weighted.length > 0 ? weighted : routes).map(({ destination, weight }) => ({
    ...destinations.resolve(destination, home),
    weight: weight || 1,
  }));
  return {
    kind: 'tcp',
    clusters: chosen.map(({ cluster, weight }) => ({ cluster, weight })),
    ...maxDuration(chosen.find(({ tcpMaxDurationMs }) => tcpMaxDurationMs !== undefined)?.tcpMaxDurationMs),
    idleTimeoutMs: chosen.find(({ tcpIdleTimeoutMs }) => tcpIdleTimeoutMs !== undefined)?.tcpIdleTimeoutMs,
    hashSourceIp: chosen.some(({ hash }) => hash?.useSourceIp === true),
  };
}

function maxDuration(maxDurationMs: number | undefined): Pick<TcpTrafficInput, 'maxDurationMs'> {
  return maxDurationMs === undefined ? {} : { maxDurationMs };
}

function covers(subnets: readonly string[] | undefined, address: string): boolean {
  if (!subnets || subnets.length === 0) return true;
  const family = isIP(address);
  if (family === 0) return false;
  const list = new BlockList();
  for (const subnet of subnets) addSubnet(list, subnet);
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function addSubnet(list: BlockList, subnet: string): void {
  const [network, length] = subnet.split('/');
  if (!isIP(network!)) return;
  const family = isIPv6(network!) ? 'ipv6' : 'ipv4';
  if (length === undefined) list.addAddress(network!, family);
  else list.addSubnet(network!, Number(length), family);
}
