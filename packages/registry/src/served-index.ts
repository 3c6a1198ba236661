// Endpoints by port of a service → which ports of services an IP address serves; a change touches its own ports alone.
import type { Endpoint } from './endpoint.ts';
import type { Service } from './service.ts';
import type { ServedPort } from './view.ts';

/** `host:port` → endpoints. */
export type EndpointsByPort = ReadonlyMap<string, readonly Endpoint[]>;

type ByAddress = ReadonlyMap<string, readonly ServedPort[]>;

/** With more ports changed than this, everything is indexed anew. */
const MAX_CHANGED = 256;

/** Immutable. */
export class ServedIndex {
  readonly #services: readonly Service[];
  readonly #base: { readonly endpoints: EndpointsByPort; byAddress?: ByAddress };
  /** Ports whose endpoints are others than the base knows. */
  readonly #changed: ReadonlySet<string>;
  readonly #endpoints: EndpointsByPort;
  #changes: ByAddress | undefined;

  private constructor(
    services: readonly Service[],
    endpoints: EndpointsByPort,
    base: { readonly endpoints: EndpointsByPort; byAddress?: ByAddress },
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
    this.#base.byAddress ??= byAddress(this.#services, this.#base.endpoints, undefined);
    const known = this.#base.byAddress.get(address) ?? [];
    if (this.#changed.size === 0) return known;
    this.#changes ??= byAddress(this.#services, this.#endpoints, this.#changed);
    const more = this.#changes.get(address) ?? [];
    const kept = known.filter(({ service, port }) => !this.#changed.has(portKey(service.host, port.number)));
    return more.length === 0 && kept.length === known.length ? known : [...kept, ...more].sort(byHost);
  }
}

export function portKey(host: string, port: number): string {
  return `${host}:${port}`;
}

function byAddress(
  services: readonly Service[],
  endpoints: EndpointsByPort,
  only: ReadonlySet<string> | undefined,
): ByAddress {
  const served = new Map<string, ServedPort[]>();
  for (const service of services) {
    for (const port of service.ports) {
      const key = portKey(service.host, port.number);
      if (only && !only.has(key)) continue;
      for (const endpoint of endpoints.get(key) ?? []) {
        const known = served.get(endpoint.address.host);
        if (known) known.push({ service, port, endpoint });
        else served.set(endpoint.address.host, [{ service, port, endpoint }]);
      }
    }
  }
  return served;
}

function byHost(a: ServedPort, b: ServedPort): number {
  return a.service.host < b.service.host ? -1 : a.service.host > b.service.host ? 1 : 0;
}
