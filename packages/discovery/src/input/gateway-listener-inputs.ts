// Turns the servers of the gateways that a proxy stands for into the inputs of its listeners, one for each port.
import type { SocketAddress } from '@meltemi/base';
import type { GatewayServer } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { gatewayTlsInput, serverNames } from './gateway-tls-input.ts';
import { gatewayRouteName } from './gateway-route-inputs.ts';
import { type BoundServer, serverKind } from './gateway-server.ts';
import { boundServers } from './merged-servers.ts';
import { opaqueTraffics } from './gateway-tcp-traffic.ts';
import {
  ANY_CONNECTION,
  type ChainInput,
  type ListenerInput,
  type ServerTlsInput,
  type TrafficInput,
} from './listener-input.ts';

export function gatewayListenerInputs(scope: ProxyScope, mesh: MeshSettings): ListenerInput[] {
  const byPlace = Map.groupBy(boundServers(scope), ({ server, listen }) => `${server.bind ?? '0.0.0.0'}_${listen}`);
  return [...byPlace].flatMap(([name, servers]): ListenerInput[] => {
    const chains = gatewayChains(servers, scope, mesh).map((chain) => chainInput(chain, `outbound_${name}`));
    if (chains.length === 0) return [];
    const needsName = chains.some(
      ({ match, tls }) => tls !== undefined || match.serverNames.length + match.applicationProtocols.length > 0,
    );
    return [
      {
        name,
        direction: 'gateway',
        address: gatewayAddress(scope, servers[0]!),
        capture: 'own-port',
        inspection: { tlsBut: needsName ? [] : undefined, httpBut: undefined },
        chains,
        otherwise: undefined,
      },
    ];
  });
}

/** What sidecars say in their hellos. */
const MESH_PROTOCOLS = ['istio-peer-exchange', 'istio', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

interface GatewayChain {
  readonly traffic: TrafficInput;
  readonly tls: ServerTlsInput | undefined;
  readonly serverNames: readonly string[];
  /** Of the client's hello; undefined: any. */
  readonly applicationProtocols?: readonly string[];
}

function chainInput({ traffic, tls, ...asked }: GatewayChain, statPrefix: string): ChainInput {
  return { name: '', statPrefix, traffic, tls, match: { ...ANY_CONNECTION, ...asked } };
}

function gatewayAddress(scope: ProxyScope, { server, listen }: BoundServer): SocketAddress {
  const placed = scope.workload?.placement?.gateway.find(({ port }) => port === server.port.number);
  return placed?.listen ?? { host: server.bind ?? '0.0.0.0', port: listen };
}

/** Of chains that would take the same connections, the first stands. */
function gatewayChains(servers: readonly BoundServer[], scope: ProxyScope, mesh: MeshSettings): GatewayChain[] {
  const http = servers.filter(({ server }) => serverKind(server) === 'http');
  const chains = [...httpChains(http, mesh), ...servers.flatMap((bound) => opaqueChains(bound, scope, mesh))];
  const taken = new Set<string>();
  return chains.filter((chain) => {
    const key = JSON.stringify([chain.serverNames, chain.applicationProtocols]);
    return !taken.has(key) && taken.add(key);
  });
}

/** Plaintext servers share one chain; servers with TLS have one each, chosen by the name in the client's hello. */
function httpChains(servers: readonly BoundServer[], mesh: MeshSettings): GatewayChain[] {
  const byRoutes = Map.groupBy(servers, gatewayRouteName);
  return [...byRoutes].map(([routeName, bound]) => ({
    traffic: { kind: 'routes', routeName },
    ...secured(bound[0]!.server, mesh, bound[0]!.server.port.protocol?.toUpperCase() === 'HTTPS'),
  }));
}

/** What carries bytes as they are; a server that no rule routes opens nothing. */
function opaqueChains(bound: BoundServer, scope: ProxyScope, mesh: MeshSettings): GatewayChain[] {
  const kind = serverKind(bound.server);
  const terminated = secured(bound.server, mesh, kind === 'terminated');
  return opaqueTraffics(bound, scope, mesh).map(({ traffic, names }) => ({
    traffic,
    tls: terminated.tls,
    serverNames: names ?? terminated.serverNames,
    ...(kind === 'auto-passthrough' && { applicationProtocols: MESH_PROTOCOLS }),
  }));
}

function secured(server: GatewayServer, mesh: MeshSettings, secure: boolean): Omit<GatewayChain, 'traffic'> {
  return secure
    ? { tls: gatewayTlsInput(server, mesh), serverNames: serverNames(server) }
    : { tls: undefined, serverNames: [] };
}
