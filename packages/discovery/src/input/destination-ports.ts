// Which ports of which services the rules of a namespace lead to: what a Sidecar lets in without naming it.
import { type Host, resolveHost } from '@meltemi/base';
import type { Destination, HttpRoute, L4Match, LocatedResource, VirtualService } from '@meltemi/config';
import type { Service } from '@meltemi/registry';

/** Numbers; `all` where a rule names none. */
export type Ports = ReadonlySet<number> | 'all';

/** By host, over what routes and mirrors may reach from the namespace. */
export function destinationPorts(
  rules: readonly LocatedResource<VirtualService>[],
  { namespace, domain }: { readonly namespace: string; readonly domain: string },
): ReadonlyMap<Host, Ports> {
  const named = rules.flatMap(({ metadata, spec }) =>
    [...(spec.http ?? []), ...(spec.tls ?? []), ...(spec.tcp ?? [])]
      .filter(({ match = [] }) => match.length === 0 || match.some((each) => isFrom(each, namespace)))
      .flatMap(destinationsOf)
      .map(({ host, port }) => ({ host: resolveHost(host, metadata.namespace, domain), port: port?.number })),
  );
  const byHost = Map.groupBy(named, ({ host }) => host);
  return new Map(Array.from(byHost, ([host, all]) => [host, portsOf(all.map(({ port }) => port))]));
}

function isFrom({ sourceNamespace }: L4Match, namespace: string): boolean {
  return sourceNamespace === undefined || sourceNamespace === namespace;
}

function destinationsOf(route: Pick<HttpRoute, 'route' | 'mirror' | 'mirrors'>): readonly Destination[] {
  const { route: forwarded = [], mirror, mirrors = [] } = route;
  return [...[...forwarded, ...mirrors].map(({ destination }) => destination), ...(mirror ? [mirror] : [])];
}

function portsOf(ports: readonly (number | undefined)[]): Ports {
  const numbers = ports.filter((port) => port !== undefined);
  return numbers.length < ports.length ? 'all' : new Set(numbers);
}

/** The same object for the same ports: what is computed of it is kept. */
const trimmed = new WeakMap<Service, Map<string, Service>>();

/** The service with these of its ports; nothing where it has none of them. */
export function withPortsOnly(service: Service, wanted: Ports | undefined): readonly Service[] {
  if (wanted === undefined || wanted === 'all') return wanted ? [service] : [];
  const ports = service.ports.filter(({ number }) => wanted.has(number));
  if (ports.length === service.ports.length || ports.length === 0) return ports.length === 0 ? [] : [service];
  const known = trimmed.get(service) ?? new Map<string, Service>();
  trimmed.set(service, known);
  const key = ports.map(({ number }) => number).join();
  const found = known.get(key) ?? { ...service, ports };
  known.set(key, found);
  return [found];
}
