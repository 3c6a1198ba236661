// Turns the servers of the gateways that a proxy stands for into the inputs of its listeners, one for each port.
import type { SocketAddress } from '@meltemi/base';
import type { GatewayServer } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { accessLogInput } from './access-log-input.ts';
import { destinationResolver } from './destination-resolver.ts';
import { gatewayRouteName, hostsOf, nameOf } from './gateway-route-inputs.ts';
import { type BoundServer, boundServers, serverKind } from './gateway-server.ts';
import type { GatewayChainInput, GatewayListenerInput, ServerTlsInput } from './listener-input.ts';
import { addresses } from './route-match-inputs.ts';
import { tcpRouteTraffic, type TcpRouteContext, tcpTraffic } from './tcp-traffic.ts';

export function gatewayListenerInputs(scope: ProxyScope, mesh: MeshSettings): GatewayListenerInput[] {
  const byPort = Map.groupBy(boundServers(scope), ({ server }) => server.port.number);
  return [...byPort].flatMap(([port, servers]) => {
    const chains = gatewayChains(servers, scope, mesh);
    if (chains.length === 0) return [];
    const address = gatewayAddress(scope, servers[0]!.server);
    return [{ kind: 'gateway', name: `0.0.0.0_${port}`, address, chains, accessLog: accessLogInput(mesh) }];
  });
}

function gatewayAddress(scope: ProxyScope, server: GatewayServer): SocketAddress {
  const { number } = server.port;
  const placed = scope.workload?.placement?.gateway.find(({ port }) => port === number);
  return placed?.listen ?? { host: server.bind ?? '0.0.0.0', port: number };
}

/** Of chains that would take the same connections, the first stands. */
function gatewayChains(servers: readonly BoundServer[], scope: ProxyScope, mesh: MeshSettings): GatewayChainInput[] {
  const http = servers.filter(({ server }) => serverKind(server) === 'http');
  const chains = [...httpChains(http), ...servers.flatMap((bound) => opaqueChains(bound, scope, mesh))];
  const taken = new Set<string>();
  return chains.filter((chain) => {
    const key = JSON.stringify(chain.serverNames);
    return !taken.has(key) && taken.add(key);
  });
}

/** Plaintext servers share one chain; servers with TLS have one each, chosen by the name in the client's hello. */
function httpChains(servers: readonly BoundServer[]): GatewayChainInput[] {
  const byRoutes = Map.groupBy(servers, gatewayRouteName);
  return [...byRoutes].map(([routeName, bound]) => {
    const { server } = bound[0]!;
    const secure = server.port.protocol?.toUpperCase() === 'HTTPS';
    return {
      traffic: { kind: 'routes', routeName },
      tls: secure ? serverTls(server) : undefined,
      serverNames: secure ? serverNames(server) : [],
    };
  });
}

/** What carries bytes as they are; a server that no rule routes opens nothing. */
function opaqueChains(bound: BoundServer, scope: ProxyScope, mesh: MeshSettings): GatewayChainInput[] {
  const kind = serverKind(bound.server);
  if (kind === 'passthrough') return passthroughChains(bound, scope, mesh);
  if (kind !== 'tcp' && kind !== 'terminated') return [];
  const context = routeContext(bound, scope, mesh);
  const traffic = rulesOf(bound, scope, mesh)
    .map((rule) => tcpRouteTraffic(rule, context))
    .find((found) => found !== undefined);
  if (!traffic) return [];
  const { server } = bound;
  return kind === 'tcp'
    ? [{ traffic, tls: undefined, serverNames: [] }]
    : [{ traffic, tls: serverTls(server), serverNames: serverNames(server) }];
}

function passthroughChains(bound: BoundServer, scope: ProxyScope, mesh: MeshSettings): GatewayChainInput[] {
  const { audience, destinations } = routeContext(bound, scope, mesh);
  return rulesOf(bound, scope, mesh).flatMap((rule) => {
    const home = rule.metadata.namespace;
    return (rule.spec.tls ?? []).flatMap(({ match, route }) =>
      match
        .filter((each) => addresses(each, home, audience))
        .map(({ sniHosts }) => ({
          traffic: tcpTraffic(route ?? [], home, destinations),
          tls: undefined,
          serverNames: sniHosts.map((name) => name.toLowerCase()).filter((name) => name !== '*'),
        })),
    );
  });
}

function rulesOf(bound: BoundServer, scope: ProxyScope, mesh: MeshSettings) {
  return scope.visible.virtualServices.filter((rule) => hostsOf(rule, bound, mesh.domain).length > 0);
}

function routeContext(bound: BoundServer, scope: ProxyScope, mesh: MeshSettings): TcpRouteContext {
  const port = bound.server.port.number;
  return {
    audience: { gateway: nameOf(bound), labels: scope.labels, namespace: scope.node.namespace, port },
    destinations: destinationResolver(scope.visible, { domain: mesh.domain, port }),
    address: '',
  };
}

function serverTls({ tls }: GatewayServer): ServerTlsInput {
  return {
    mode: tls?.mode === 'MUTUAL' || tls?.mode === 'OPTIONAL_MUTUAL' ? tls.mode : 'SIMPLE',
    certificate: tls?.serverCertificate ?? '',
    privateKey: tls?.privateKey ?? '',
    caCertificates: tls?.caCertificates ?? '',
  };
}

/** Empty: any. */
function serverNames({ hosts }: GatewayServer): readonly string[] {
  const names = hosts.map((host) => host.slice(host.indexOf('/') + 1).toLowerCase());
  return names.includes('*') ? [] : names;
}
