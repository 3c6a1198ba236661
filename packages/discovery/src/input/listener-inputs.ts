// Turns a proxy's placement into the inputs of its listeners.
import { containerPortOf, type InboundPlacement, isHttp, type RegistryView, type Workload } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import type { HttpVersionInput, InboundClusterInput, ServiceReference } from './cluster-input.ts';
import { inboundName, outboundName } from './cluster-name.ts';
import { serviceReference } from './outbound-cluster-inputs.ts';
import { httpVersion } from './http-version.ts';
import { inboundChainMatches } from './inbound-chain-matches.ts';
import { inboundRoutes } from './inbound-routes.ts';
import {
  ANY_CONNECTION,
  type ListenerInput,
  NO_INSPECTION,
  type ServerTlsInput,
  type TrafficInput,
} from './listener-input.ts';
import { meshTls } from './mesh-tls.ts';
import { type MutualTlsMode, mutualTlsModes } from './mutual-tls-modes.ts';
import { HTTP_PROXY } from './sidecar-route-inputs.ts';
import { plainTcp, serviceTcpTraffic } from './tcp-traffic.ts';

/** The listeners by which the sidecar's own application reaches services. A service that is not known yet has none. */
export function outboundListenerInputs(scope: ProxyScope, mesh: MeshSettings): ListenerInput[] {
  const placement = scope.workload?.placement;
  if (!placement) return [];
  const listeners = placement.outbound.flatMap(({ host, port: number, listen }): ListenerInput[] => {
    const service = scope.visible.serviceByHost.get(host);
    const port = service?.ports.find((other) => other.number === number);
    if (!service || !port) return [];
    const name = outboundName(host, number);
    const traffic = isHttp(port.protocol)
      ? ({ kind: 'routes', routeName: name } as const)
      : serviceTcpTraffic(scope, mesh, service, port);
    const statPrefix = name.replaceAll('|', '_');
    return [placedListener({ name, address: listen, direction: 'outbound' }, { statPrefix, traffic, tls: undefined })];
  });
  if (!placement.httpProxy) return listeners;
  const traffic = { kind: 'routes', routeName: HTTP_PROXY } as const;
  const place = { name: HTTP_PROXY, address: placement.httpProxy, direction: 'outbound' } as const;
  return [...listeners, placedListener(place, { statPrefix: `outbound_${HTTP_PROXY}`, traffic, tls: undefined })];
}

interface PlacedChain {
  readonly statPrefix: string;
  readonly traffic: TrafficInput;
  readonly tls: ServerTlsInput | undefined;
}

/** A listener of its own port with one chain for all connections. */
function placedListener(
  place: Pick<ListenerInput, 'name' | 'address' | 'direction'>,
  chain: PlacedChain,
): ListenerInput {
  return {
    ...place,
    capture: 'own-port',
    inspection: NO_INSPECTION,
    chains: [{ name: '', match: ANY_CONNECTION, ...chain }],
    otherwise: undefined,
  };
}

/** The listeners by which the mesh reaches the application. */
export function inboundListenerInputs(scope: ProxyScope, registry: RegistryView, mesh: MeshSettings): ListenerInput[] {
  const { workload } = scope;
  const modes = mutualTlsModes(scope.peerAuthentication, mesh.mutualTls);
  return (workload?.placement?.inbound ?? []).map((place) => {
    const name = inboundName(place.containerPort);
    const served = servedPort(workload!, place, registry);
    const target = { cluster: name, port: place.containerPort, service: served.service, retried: served.retried };
    const traffic = (http: boolean): TrafficInput =>
      http ? { kind: 'inline-routes', routes: inboundRoutes(target) } : plainTcp(name);
    const listener: ListenerInput = placedListener(
      { name, address: place.listen, direction: 'inbound' },
      { statPrefix: `inbound_0.0.0.0_${place.containerPort}`, traffic: traffic(served.http), tls: meshTls(mesh) },
    );
    return byMode(listener, modes.ports.get(place.containerPort) ?? modes.mode, { http: served.http, traffic });
  });
}

interface ModeParts {
  readonly http: boolean;
  readonly traffic: (http: boolean) => TrafficInput;
}

/** STRICT is as given: what is not mutual TLS is closed. Only PERMISSIVE has to look at connections. */
function byMode(listener: ListenerInput, mode: MutualTlsMode, { http, traffic }: ModeParts): ListenerInput {
  const [chain] = listener.chains;
  if (mode === 'STRICT') return listener;
  if (mode === 'DISABLE') return { ...listener, chains: [{ ...chain!, tls: undefined }] };
  const ways = inboundChainMatches(mode, http ? 'http' : 'tcp');
  return {
    ...listener,
    inspection: { tlsBut: [], httpBut: undefined },
    chains: ways.map((way) => ({
      ...chain!,
      match: way.match,
      traffic: traffic(way.http),
      tls: way.mutualTls ? chain!.tls : undefined,
    })),
  };
}

/** The clusters behind them: the application itself. */
export function inboundClusterInputs(
  scope: ProxyScope,
  registry: RegistryView,
  mesh: MeshSettings,
): InboundClusterInput[] {
  const { workload } = scope;
  return (workload?.placement?.inbound ?? []).map((place) => ({
    kind: 'inbound',
    name: inboundName(place.containerPort),
    app: place.app,
    http: servedPort(workload!, place, registry).version,
    services: servedPort(workload!, place, registry).services,
    connectionPool: { connectTimeoutMs: mesh.connectTimeoutMs },
  }));
}

interface ServedPort {
  readonly http: boolean;
  readonly version: HttpVersionInput;
  /** `host:port` of the service, or empty. */
  readonly service: string;
  readonly services: readonly ServiceReference[];
  readonly retried: boolean;
}

/** What the application's port speaks, by the service that leads to it; plain TCP when none does. */
function servedPort(workload: Workload, place: InboundPlacement, registry: RegistryView): ServedPort {
  for (const service of registry.servicesOf(workload)) {
    const port = service.ports.find((other) => containerPortOf(workload, other) === place.containerPort);
    if (!port) continue;
    return {
      http: isHttp(port.protocol),
      version: httpVersion(port.protocol),
      service: `${service.host}:${port.number}`,
      services: [serviceReference(service)],
      retried: port.protocol !== 'grpc',
    };
  }
  return { http: false, version: 'http1', service: '', services: [], retried: true };
}
