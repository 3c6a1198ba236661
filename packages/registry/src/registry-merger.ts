// What the platforms say, again and again → one view each time, in which what did not change is the same object.
import { isDeepStrictEqual } from 'node:util';
import { type Host, selects } from '@meltemi/base';
import type { Service } from './service.ts';
import { type EndpointsByPort, portKey, ServedIndex } from './served-index.ts';
import type { PlatformView, RegistryView, ServiceEndpoints } from './view.ts';
import type { Workload } from './workload.ts';

/** Joins the platforms. A host of two platforms keeps the first one's service, and has the endpoints of all. */
export function mergeRegistry(platforms: readonly PlatformView[]): RegistryView {
  return new RegistryMerger().merge(platforms);
}

interface Merged {
  readonly services: ReadonlyMap<Host, Service>;
  readonly sorted: readonly Service[];
  readonly endpoints: EndpointsByPort;
  readonly served: ServedIndex;
  readonly workloads: readonly Workload[];
  readonly workloadByName: ReadonlyMap<string, Workload>;
}

const NOTHING: Merged = {
  services: new Map(),
  sorted: [],
  endpoints: new Map(),
  served: ServedIndex.of([], new Map()),
  workloads: [],
  workloadByName: new Map(),
};

/** Views of all mergers are told apart. */
let views = 0;

export class RegistryMerger {
  #last = NOTHING;
  #lastNumber = 0;

  merge(platforms: readonly PlatformView[]): RegistryView {
    const before = this.#last;
    const services = mergedServices(platforms, before);
    const sorted = reusedSort(services, before);
    const { endpoints, changed } = mergedEndpoints(platforms, before.endpoints);
    const served =
      sorted === before.sorted ? before.served.next(endpoints, changed) : ServedIndex.of(sorted, endpoints);
    const workloads = reused(
      before.workloads,
      platforms.flatMap((platform) => platform.workloads),
    );
    const workloadByName =
      workloads === before.workloads
        ? before.workloadByName
        : new Map(workloads.map((workload) => [`${workload.namespace}/${workload.name}`, workload]));
    this.#last = { services, sorted, endpoints, served, workloads, workloadByName };
    return this.#view(platforms, changed);
  }

  #view(platforms: readonly PlatformView[], changed: ReadonlySet<string>): RegistryView {
    const { services, sorted, endpoints, served, workloads, workloadByName } = this.#last;
    const since = this.#lastNumber;
    this.#lastNumber = ++views;
    const endpointsOf = new Set(Array.from(changed, (key) => key.slice(0, key.lastIndexOf(':'))));
    return {
      number: this.#lastNumber,
      change: since === 0 ? undefined : { since, endpointsOf },
      services: sorted,
      workloads,
      problems: platforms.flatMap((platform) => platform.problems),
      service: (host) => services.get(host),
      instances: (host, port) => endpoints.get(portKey(host, port)) ?? NONE,
      workload: (namespace, name) => workloadByName.get(`${namespace}/${name}`),
      servicesOf: (workload) => sorted.filter((service) => picks(service, workload)),
      servedAt: (address) => served.at(address),
    };
  }
}

const NONE: readonly never[] = [];

/** A service that says what it said before is the object that it was. */
function mergedServices(platforms: readonly PlatformView[], before: Merged): ReadonlyMap<Host, Service> {
  const byHost = new Map<Host, Service>();
  for (const platform of platforms) {
    for (const service of platform.services) {
      const first = byHost.get(service.host);
      byHost.set(service.host, first ? withPorts(first, service) : service);
    }
  }
  for (const [host, service] of byHost) {
    const known = before.services.get(host);
    if (known && known !== service && isDeepStrictEqual(known, service)) byHost.set(host, known);
  }
  return byHost;
}

/** Several entries may each declare a port of one host. */
function withPorts(first: Service, other: Service): Service {
  const known = new Set(first.ports.map((port) => port.number));
  const more = other.ports.filter((port) => !known.has(port.number));
  return more.length === 0 ? first : { ...first, ports: [...first.ports, ...more] };
}

function reusedSort(services: ReadonlyMap<Host, Service>, before: Merged): readonly Service[] {
  const same =
    services.size === before.services.size &&
    services.entries().every(([host, service]) => before.services.get(host) === service);
  return same ? before.sorted : [...services.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

interface MergedEndpoints {
  readonly endpoints: EndpointsByPort;
  readonly changed: ReadonlySet<string>;
}

function mergedEndpoints(platforms: readonly PlatformView[], before: EndpointsByPort): MergedEndpoints {
  const groups = new Map<string, ServiceEndpoints[]>();
  for (const platform of platforms) {
    for (const item of platform.endpoints) {
      const key = keyOf(item);
      const known = groups.get(key);
      if (known) known.push(item);
      else groups.set(key, [item]);
    }
  }
  const changed = new Set<string>();
  const endpoints = new Map(
    Array.from(groups, ([key, items]) => {
      const known = before.get(key);
      const now = items.length === 1 ? items[0]!.endpoints : items.flatMap((item) => item.endpoints);
      if (known && (known === now || isDeepStrictEqual(known, now))) return [key, known] as const;
      changed.add(key);
      return [key, now] as const;
    }),
  );
  for (const key of before.keys()) if (!endpoints.has(key)) changed.add(key);
  return { endpoints, changed };
}

const keys = new WeakMap<ServiceEndpoints, string>();

function keyOf(item: ServiceEndpoints): string {
  const known = keys.get(item);
  if (known !== undefined) return known;
  const key = portKey(item.host, item.port);
  keys.set(item, key);
  return key;
}

function reused<Item>(before: readonly Item[], now: readonly Item[]): readonly Item[] {
  return before.length === now.length && before.every((item, index) => item === now[index]) ? before : now;
}

function picks(service: Service, workload: Workload): boolean {
  return (
    service.namespace === workload.namespace &&
    Object.keys(service.selector).length > 0 &&
    selects(service.selector, workload.labels)
  );
}
