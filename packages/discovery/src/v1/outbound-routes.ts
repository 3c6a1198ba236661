// The routes of a sidecar's calls: to the mesh's services, and to what egress rules allow.
import { type Service, type ServicePort } from '@meltemi/registry';
import { virtualHostDomains } from './domains.ts';
import type { Instance } from './instance.ts';
import { type RouteConfigs, routeConfigs, type VirtualHost } from './route-config.ts';
import { catchesAll } from './route-match.ts';
import { formatServiceKey } from './service-key.ts';
import { originalDestinationCluster, outboundCluster } from './v1-cluster.ts';
import { defaultRoute, hostRewrite, ruleRoute, type V1Route } from './v1-route.ts';
import { routeRulesFor } from './v1-rules.ts';
import { isExternal, type V1World } from './v1-world.ts';

export interface Caller {
  readonly instances: readonly Instance[];
  /** The DNS domain in which the caller looks names up. */
  readonly domain: string;
}

/** By port of the called services. */
export function outboundRoutes(world: V1World, caller: Caller): RouteConfigs {
  const services = world.services.flatMap((service) =>
    service.ports.flatMap((port) => {
      const routes = serviceRoutes(world, service, port, caller.instances);
      if (routes.length === 0) return [];
      const name = formatServiceKey({ host: service.host, port: port.name, labels: {} });
      const domains = virtualHostDomains(service, port, caller.domain);
      return [{ port: port.number, host: { name, domains, routes } }];
    }),
  );
  return routeConfigs([...egressHosts(world), ...services]);
}

/** The rules that hold for a caller, up to one that takes everything; else the service as a whole comes last. */
export function serviceRoutes(
  world: V1World,
  service: Service,
  port: ServicePort,
  instances: readonly Instance[],
): readonly V1Route[] {
  if (!isRouted(service, port)) return [];
  const routes: V1Route[] = [];
  for (const rule of routeRulesFor(world.rules, service.host, instances)) {
    const route = ruleRoute(world, rule, service, port);
    routes.push(route);
    if (catchesAll(route.document)) return routes;
  }
  return [...routes, defaultRoute(outboundCluster(world, service, port, {}), hostRewrite(world, service))];
}

/** HTTPS to an external service leaves the application as plain HTTP: the egress proxy encrypts it. */
export function isRouted(service: Service, { protocol }: ServicePort): boolean {
  return (
    protocol === 'http' || protocol === 'http2' || protocol === 'grpc' || (isExternal(service) && protocol === 'https')
  );
}

const EGRESS_PROTOCOLS: readonly string[] = ['http', 'http2', 'https', 'grpc'];

function egressHosts(world: V1World): readonly { readonly port: number; readonly host: VirtualHost }[] {
  return world.rules.egressRules.flatMap(({ spec }) => {
    const host = spec.destination.service ?? '';
    return spec.ports.flatMap(({ port, protocol }) => {
      const lower = protocol.toLowerCase();
      if (!EGRESS_PROTOCOLS.includes(lower)) return [];
      const routes = [defaultRoute(originalDestinationCluster(world, lower, host))];
      return [{ port, host: { name: `${host}:${port}`, domains: [host, `${host}:${port}`], routes } }];
    });
  });
}
