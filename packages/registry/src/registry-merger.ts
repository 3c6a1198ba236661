// What the platforms say, again and again → one view each time, in which what did not change is the same object.
import { isDeepStrictEqual } from 'node:util';
import { type Host, selects } from '@meltemi/base';
import type { Service } from './service.ts';
import { type EndpointsByPort, hostOfKey, portKey, ServedIndex } from './served-index.ts';
import type { PlatformView, RegistryView, ServiceEndpoints } from './view.ts';
import type { Workload } from './workload.ts';

/** Joins the platforms. A host that both declare in a namespace is the first one's service, with the endpoints of all. */
export function mergeRegistry(platforms: readonly PlatformView[]): RegistryView {
  return new RegistryMerger().merge(platforms);
}

interface Merged {
  readonly services: ReadonlyMap<string, Service>;
  readonly byHost: ReadonlyMap<Host, readonly Service[]>;
  readonly sorted: readonly Service[];
  readonly endpoints: EndpointsByPort;
  readonly served: ServedIndex;
  readonly workloads: readonly Workload[];
  readonly workloadByName: ReadonlyMap<string, Workload>;
}

const NOTHING: Merged = {
  services: new Map(),
  byHost: new Map(),
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
    const byHost = sorted === before.sorted ? before.byHost : Map.groupBy(sorted, ({ host }) => host);
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
    this.#last = { services, byHost, sorted, endpoints, served, workloads, workloadByName };
    return this.#view(platforms, changed);
  }

  #view(platforms: readonly PlatformView[], changed: ReadonlySet<string>): RegistryView {
    const { byHost, sorted, endpoints, served, workloads, workloadByName } = this.#last;
    const find = (host: Host, namespace?: string) => {
      const all = byHost.get(host) ?? NONE;
      return namespace === undefined ? all[0] : all.find((each) => each.namespace === namespace);
    };
    const since = this.#lastNumber;
    this.#lastNumber = ++views;
    const endpointsOf = new Set(Array.from(changed, hostOfKey));
    return {
      number: this.#lastNumber,
      change: since === 0 ? undefined : { since, endpointsOf },
      services: sorted,
      workloads,
      problems: platforms.flatMap((platform) => platform.problems),
      service: find,
      instances: (host, port, namespace = find(host)?.namespace ?? '') =>
        endpoints.get(portKey({ host, namespace }, port)) ?? NONE,
      workload: (namespace, name) => workloadByName.get(`${namespace}/${name}`),
      servicesOf: (workload) => sorted.filter((service) => picks(service, workload)),
      servedAt: (address) => served.at(address),
    };
  }
}

const NONE: readonly never[] = [];

/** A service that says what it said before is the object that it was. */
function mergedServices(platforms: readonly PlatformView[], before: Merged): ReadonlyMap<string, Service> {
  const byName = new Map<string, Service>();
  for (const platform of platforms) {
    for (const service of platform.services) {
      const name = `${service.host}/${service.namespace}`;
      const first = byName.get(name);
      byName.set(name, first ? withPorts(first, service) : service);
    }
  }
  for (const [name, service] of byName) {
    const known = before.services.get(name);
    if (known && known !== service && isDeepStrictEqual(known, service)) byName.set(name, known);
  }
  return byName;
}

/** Several entries of a namespace may each declare a port of one host, if they say the same of it else. */
function withPorts(first: Service, other: Service): Service {
  if (!first.entry || !other.entry || !isDeepStrictEqual(restOf(first), restOf(other))) return first;
  const known = new Set(first.ports.map((port) => port.number));
  const more = other.ports.filter((port) => !known.has(port.number));
  return more.length === 0 ? first : { ...first, ports: [...first.ports, ...more] };
}

function restOf({ resolution, dnsOnce, exportTo, selector }: Service): object {
  return { resolution, dnsOnce, exportTo: new Set(exportTo), selector };
}

function reusedSort(services: ReadonlyMap<string, Service>, before: Merged): readonly Service[] {
  const same =
    services.size === before.services.size &&
    services.entries().every(([name, service]) => before.services.get(name) === service);
  return same ? before.sorted : [...services.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const sortKeys = new WeakMap<Service, string>();

/** What Kubernetes itself declares stands before entries, the older before the newer. */
function sortKey(service: Service): string {
  const { host, entry = false, created, namespace } = service;
  const key = sortKeys.get(service) ?? [host, entry ? 1 : 0, created, namespace].join('\0');
  sortKeys.set(service, key);
  return key;
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
  const key = portKey(item, item.port);
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
