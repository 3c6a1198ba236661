// Turns a proxy's placement into the inputs of its listeners.
import { containerPortOf, type InboundPlacement, isHttp, type RegistryView, type Workload } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { accessLogInput } from './access-log-input.ts';
import type { InboundClusterInput } from './cluster-input.ts';
import { inboundName, outboundName } from './cluster-name.ts';
import type { InboundListenerInput, OutboundListenerInput } from './listener-input.ts';
import { NO_HEADER_CHANGES } from './header-changes-input.ts';
import type { RouteInput } from './route-input.ts';
import { MATCH_ALL } from './route-match-inputs.ts';
import { HTTP_PROXY } from './sidecar-route-inputs.ts';
import { plainTcp, serviceTcpTraffic } from './tcp-traffic.ts';

/** The listeners by which the sidecar's own application reaches services. A service that is not known yet has none. */
export function outboundListenerInputs(scope: ProxyScope, mesh: MeshSettings): OutboundListenerInput[] {
  const placement = scope.workload?.placement;
  if (!placement) return [];
  const accessLog = accessLogInput(mesh);
  const listeners = placement.outbound.flatMap(({ host, port: number, listen }): OutboundListenerInput[] => {
    const service = scope.visible.serviceByHost.get(host);
    const port = service?.ports.find((other) => other.number === number);
    if (!service || !port) return [];
    const name = outboundName(host, number);
    const traffic = isHttp(port.protocol)
      ? ({ kind: 'routes', routeName: name } as const)
      : serviceTcpTraffic(scope, mesh, service, port);
    return [{ kind: 'outbound', name, address: listen, traffic, accessLog }];
  });
  if (!placement.httpProxy) return listeners;
  const traffic = { kind: 'routes', routeName: HTTP_PROXY } as const;
  return [...listeners, { kind: 'outbound', name: HTTP_PROXY, address: placement.httpProxy, traffic, accessLog }];
}

/** The listeners by which the mesh reaches the application. */
export function inboundListenerInputs(
  scope: ProxyScope,
  registry: RegistryView,
  mesh: MeshSettings,
): InboundListenerInput[] {
  const { workload } = scope;
  return (workload?.placement?.inbound ?? []).map((place) => {
    const name = inboundName(place.containerPort);
    const served = servedPort(workload!, place, registry);
    return {
      kind: 'inbound',
      name,
      address: place.listen,
      traffic: served.http ? { kind: 'inline-routes', routes: inboundRoutes(name, served) } : plainTcp(name),
      accessLog: accessLogInput(mesh),
      trustDomain: mesh.trustDomain,
    };
  });
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
    http2: servedPort(workload!, place, registry).http2,
    connectTimeoutMs: mesh.connectTimeoutMs,
  }));
}

interface ServedPort {
  readonly http: boolean;
  readonly http2: boolean;
  /** `host:port` of the service, or empty. */
  readonly service: string;
}

/** What the application's port speaks, by the service that leads to it; plain TCP when none does. */
function servedPort(workload: Workload, place: InboundPlacement, registry: RegistryView): ServedPort {
  for (const service of registry.servicesOf(workload)) {
    const port = service.ports.find((other) => containerPortOf(workload, other) === place.containerPort);
    if (!port) continue;
    const http2 = port.protocol === 'http2' || port.protocol === 'grpc' || port.protocol === 'grpc-web';
    return { http: isHttp(port.protocol), http2, service: `${service.host}:${port.number}` };
  }
  return { http: false, http2: false, service: '' };
}

/** Everything goes to the application; whether to try again is the caller's choice. */
function inboundRoutes(name: string, served: ServedPort): RouteInput {
  const nothing = { requestHeaders: NO_HEADER_CHANGES, responseHeaders: NO_HEADER_CHANGES };
  const route = {
    name: 'default',
    match: MATCH_ALL,
    action: {
      kind: 'forward',
      clusters: [{ cluster: name, weight: 1, ...nothing }],
      timeoutMs: 0,
      retry: undefined,
      rewrite: undefined,
      mirrors: [],
      hashPolicy: [],
    } as const,
    ...nothing,
    fault: undefined,
    cors: undefined,
    operation: served.service && `${served.service}/*`,
    provenance: undefined,
  };
  const port = name.split('|')[1];
  const virtualHost = { name: `inbound|http|${port}`, domains: ['*'], routes: [route], requireTls: false };
  return { name, ignorePort: false, virtualHosts: [virtualHost] };
}
