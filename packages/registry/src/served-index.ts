// Endpoints by port of a service → which ports of services an IP address serves; a change touches its own ports alone.
import type { Host } from '@meltemi/base';
import type { Endpoint } from './endpoint.ts';
import type { Service, ServicePort } from './service.ts';
import type { ServedPort } from './view.ts';

/** `portKey` → endpoints. */
export type EndpointsByPort = ReadonlyMap<string, readonly Endpoint[]>;

type ByAddress = ReadonlyMap<string, readonly ServedPort[]>;

/** With more ports changed than this, everything is indexed anew. */
const MAX_CHANGED = 256;

/** By `portKey`, in the order of the services. */
type Ports = ReadonlyMap<string, { readonly service: Service; readonly port: ServicePort; readonly position: number }>;

/** What many indexes in a row start from; what is undefined nobody has asked for yet. */
interface Base {
  readonly endpoints: EndpointsByPort;
  ports?: Ports;
  byAddress?: ByAddress;
}

/** Immutable. */
export class ServedIndex {
  readonly #services: readonly Service[];
  readonly #base: Base;
  /** Ports whose endpoints are others than the base knows. */
  readonly #changed: ReadonlySet<string>;
  readonly #endpoints: EndpointsByPort;
  #changes: ByAddress | undefined;

  private constructor(
    services: readonly Service[],
    endpoints: EndpointsByPort,
    base: Base,
    changed: ReadonlySet<string>,
  ) {
    this.#services = services;
    this.#endpoints = endpoints;
    this.#base = base;
    this.#changed = changed;
  }

  static of(services: readonly Service[], endpoints: EndpointsByPort): ServedIndex {
    return new ServedIndex(services, endpoints, { endpoints }, new Set());
  }

  /** The index after the endpoints of some ports have changed. */
  next(endpoints: EndpointsByPort, changed: ReadonlySet<string>): ServedIndex {
    const all = this.#changed.union(changed);
    if (all.size > MAX_CHANGED) return ServedIndex.of(this.#services, endpoints);
    return new ServedIndex(this.#services, endpoints, this.#base, all);
  }

  /** In the order of the services. */
  at(address: string): readonly ServedPort[] {
    this.#base.ports ??= portsOf(this.#services);
    this.#base.byAddress ??= byAddress(this.#base.ports, this.#base.endpoints);
    const known = this.#base.byAddress.get(address) ?? [];
    if (this.#changed.size === 0) return known;
    this.#changes ??= byAddress(some(this.#base.ports, this.#changed), this.#endpoints);
    const more = this.#changes.get(address) ?? [];
    const kept = known.filter(({ service, port }) => !this.#changed.has(portKey(service, port.number)));
    return more.length === 0 && kept.length === known.length ? known : [...kept, ...more].sort(byHost);
  }
}

/** `host:port/namespace` */
export function portKey({ host, namespace }: Pick<Service, 'host' | 'namespace'>, port: number): string {
  return `${host}:${port}/${namespace}`;
}

export function hostOfKey(key: string): Host {
  return key.slice(0, key.lastIndexOf(':'));
}

function portsOf(services: readonly Service[]): Ports {
  const all = services.flatMap((service) => service.ports.map((port) => ({ service, port })));
  return new Map(all.map((each, position) => [portKey(each.service, each.port.number), { ...each, position }]));
}

function some(ports: Ports, keys: ReadonlySet<string>): Ports {
  const found = [...keys].flatMap((key) => {
    const port = ports.get(key);
    return port ? [[key, port] as const] : [];
  });
  return new Map(found.sort(([, one], [, other]) => one.position - other.position));
}

function byAddress(ports: Ports, endpoints: EndpointsByPort): ByAddress {
  const served = new Map<string, ServedPort[]>();
  for (const [key, { service, port }] of ports) {
    for (const endpoint of endpoints.get(key) ?? []) {
      const known = served.get(endpoint.address.host);
      if (known) known.push({ service, port, endpoint });
      else served.set(endpoint.address.host, [{ service, port, endpoint }]);
    }
  }
  return served;
}

function byHost(a: ServedPort, b: ServedPort): number {
  return a.service.host < b.service.host ? -1 : a.service.host > b.service.host ? 1 : 0;
}
