// Turns services and rules into a redirected sidecar's routes: one table a port, by host.
import { type Host, hostCovers } from '@meltemi/base';
import { isHttp, type Service, type ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import { PASSTHROUGH_CLUSTER } from './cluster-name.ts';
import { plainForward } from './forward-action.ts';
import { NO_HEADER_CHANGES } from './header-changes-input.ts';
import type { RouteActionInput, RouteInput, VirtualHostInput } from './route-input.ts';
import { MATCH_ALL } from './route-match-inputs.ts';
import { isAddressed, serviceAddresses } from './service-addresses.ts';
import { hostsOfRules, routesOf, shortNames, virtualHost } from './sidecar-route-inputs.ts';

/** Rules may name hosts that no service has; they are taken to be at HTTP's own port. */
const HTTP_PORT = 80;

/** The table of a port of one service, whose address tells it from others. */
export function addressedRouteName(service: Service, port: ServicePort): string {
  return `${service.host}:${port.number}`;
}

/** Named as the port, or `host:port` where a listener stands for one service. */
export function redirectedRouteInputs(scope: ProxyScope, mesh: MeshSettings): RouteInput[] {
  const ports = scope.visible.called.flatMap((service) => service.ports.map((port) => ({ service, port })));
  const shared = ports.filter(({ service, port }) => isHttp(port.protocol) || (port.unnamed && !isAddressed(service)));
  const numbers = [...new Set(shared.map(({ port }) => port.number))].sort((a, b) => a - b);
  const addressed = ports.filter(({ service, port }) => port.unnamed && serviceAddresses(service).single.length > 0);
  return [
    ...numbers.map((number) => portRoutes(number, scope, mesh)),
    ...addressed.map(({ service, port }) => addressedRoutes(service, port, scope, mesh)),
  ];
}

function addressedRoutes(service: Service, port: ServicePort, scope: ProxyScope, mesh: MeshSettings): RouteInput {
  const name = addressedRouteName(service, port);
  const routes = routesOf(scope, mesh, service.host, port);
  return { name, ignorePort: true, virtualHosts: [virtualHost(name, ['*'], routes)] };
}

function portRoutes(number: number, scope: ProxyScope, mesh: MeshSettings): RouteInput {
  const called = scope.visible.called.flatMap((service) => {
    const port = service.ports.find((each) => each.number === number && (isHttp(each.protocol) || each.unnamed));
    return port ? [{ service, port }] : [];
  });
  const known = called.map(({ service, port }) =>
    virtualHost(
      `${service.host}:${number}`,
      domainsOf(service, scope, mesh),
      routesOf(scope, mesh, service.host, port),
    ),
  );
  const ruled = number === HTTP_PORT ? ruledHosts(scope, mesh) : [];
  const own = ruled.map((host) => virtualHost(`${host}:${number}`, [host], routesOf(scope, mesh, host, undefined)));
  return { name: String(number), ignorePort: true, virtualHosts: withoutTaken([...known, ...own, undeclared(scope)]) };
}

/** A wildcard that covers services speaks of them, and of nothing else. */
function ruledHosts(scope: ProxyScope, mesh: MeshSettings): readonly Host[] {
  const { called } = scope.visible;
  return hostsOfRules(scope, mesh).filter((host) => !called.some((service) => hostCovers(host, service.host)));
}

/** Its names, addresses, and the names that lead to it by DNS. */
function domainsOf(service: Service, { node, visible }: ProxyScope, mesh: MeshSettings): string[] {
  const aliases = visible.called.filter(({ externalName }) => externalName === service.host);
  const names = [service, ...aliases].flatMap((each) => [each.host, ...shortNames(each, node.namespace, mesh.domain)]);
  return [...names, ...serviceAddresses(service).single];
}

/** A domain is the first virtual host's that names it. */
function withoutTaken(hosts: readonly VirtualHostInput[]): VirtualHostInput[] {
  const taken = new Set<string>();
  return hosts.flatMap((host) => {
    const domains = host.domains.filter((domain) => !taken.has(domain) && taken.add(domain));
    return domains.length > 0 ? [{ ...host, domains }] : [];
  });
}

/** Hosts that nobody declared. */
function undeclared({ outboundTrafficPolicy }: ProxyScope): VirtualHostInput {
  const allowed = outboundTrafficPolicy === 'ALLOW_ANY';
  const action: RouteActionInput = allowed
    ? plainForward(PASSTHROUGH_CLUSTER, undefined)
    : { kind: 'direct', status: 502, body: '' };
  const name = allowed ? 'allow_any' : 'block_all';
  const nothing = {
    requestHeaders: NO_HEADER_CHANGES,
    responseHeaders: NO_HEADER_CHANGES,
    fault: undefined,
    cors: undefined,
  };
  return virtualHost(
    name,
    ['*'],
    [{ name, match: MATCH_ALL, action, ...nothing, operation: '', provenance: undefined }],
  );
}
