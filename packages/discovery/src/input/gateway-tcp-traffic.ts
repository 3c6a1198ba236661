// Where the bytes of a gateway's server go that is not HTTP: by its bound rules' routes of tcp and tls.
import type { LocatedResource, VirtualService } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { BLACK_HOLE_CLUSTER } from './cluster-name.ts';
import { destinationResolver } from './destination-resolver.ts';
import { hostsOf, nameOf } from './gateway-route-inputs.ts';
import { type BoundServer, serverKind } from './gateway-server.ts';
import type { TcpTrafficInput } from './listener-input.ts';
import { isGatewayRoute } from './route-semantics.ts';
import { type NamedTraffic, plainTcp, tcpRouteTraffic, type TcpRouteContext, tlsRouteTraffics } from './tcp-traffic.ts';

export interface OpaqueTraffic {
  readonly traffic: TcpTrafficInput;
  /** In the client's hello, where the rule names them. */
  readonly names: readonly string[] | undefined;
}

export function opaqueTraffics(bound: BoundServer, scope: ProxyScope, mesh: MeshSettings): OpaqueTraffic[] {
  const context = routeContext(bound, scope, mesh);
  const rules = scope.visible.virtualServices.filter((rule) => hostsOf(rule, bound, mesh.domain).length > 0);
  const named = (some: readonly LocatedResource<VirtualService>[]): NamedTraffic[] =>
    some.flatMap((rule) => tlsRouteTraffics(rule, context));
  switch (serverKind(bound.server)) {
    case 'passthrough':
      return named(rules);
    case 'terminated':
      // The Gateway API routes TLS that ends at the gateway by name too.
      return [...named(rules.filter(isGatewayRoute)), ...firstTcp(rules, context)];
    case 'tcp':
      return firstTcp(rules, context);
    case 'auto-passthrough':
      return [{ traffic: BY_SERVER_NAME, names: passedNames(bound) }];
    case 'http':
    case undefined:
      return [];
  }
}

/** To the cluster that the client's hello names, and nowhere where it names none. */
const BY_SERVER_NAME: TcpTrafficInput = { ...plainTcp(BLACK_HOLE_CLUSTER), byServerName: true };

function passedNames({ server }: BoundServer): readonly string[] {
  const names = server.hosts.map((host) => host.slice(host.indexOf('/') + 1));
  return names.includes('*') ? [] : names;
}

function firstTcp(rules: readonly LocatedResource<VirtualService>[], context: TcpRouteContext): OpaqueTraffic[] {
  const traffic = rules.map((rule) => tcpRouteTraffic(rule, context)).find((found) => found !== undefined);
  return traffic ? [{ traffic, names: undefined }] : [];
}

function routeContext(bound: BoundServer, scope: ProxyScope, mesh: MeshSettings): TcpRouteContext {
  const port = bound.server.port.number;
  return {
    audience: { gateway: nameOf(bound), labels: scope.labels, namespace: scope.node.namespace, port },
    destinations: destinationResolver(scope.visible, { domain: mesh.domain, port }),
    address: '',
  };
}
