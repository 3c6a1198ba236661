// Which hosts of ServiceEntries get an address that nobody wrote, and which: their status says it, else their name.
// https://istio.io/latest/docs/ops/configuration/traffic-management/dns-proxy/#address-auto-allocation
import { isIP } from 'node:net';
import type { ServiceEntryObject } from '@meltemi/config';
import { allocatedAddresses } from './allocated-addresses.ts';
import type { Service } from './service.ts';

/** `false`: none of its hosts is given an address. */
const LABEL = 'networking.istio.io/enable-autoallocate-ip';

type Entries = readonly ServiceEntryObject[];
type ByName = ReadonlyMap<string, readonly string[]>;

/** The services of the entries, those with an address that was given to them. */
export function withAllocated(entries: Entries, services: readonly Service[]): readonly Service[] {
  const allocated = known.get(entries) ?? allocate(entries);
  known.set(entries, allocated);
  return services.map((service) => withAddresses(service, allocated));
}

const known = new WeakMap<Entries, ByName>();
const given = new WeakMap<Service, Service>();

function withAddresses(service: Service, allocated: ByName): Service {
  if (service.addresses) return service;
  const addresses = allocated.get(`${service.namespace}/${service.host}`);
  if (!addresses) return service;
  const before = given.get(service);
  if (before && before.allocated?.join() === addresses.join()) return before;
  const now = { ...service, allocated: addresses };
  given.set(service, now);
  return now;
}

function allocate(entries: Entries): ByName {
  const wanting = entries.filter(wantsAddresses);
  const said = new Map(wanting.flatMap(saidAddresses));
  const taken = new Set([...[...said.values()].flat(), ...entries.flatMap(({ spec }) => spec.addresses ?? [])]);
  const others = wanting
    .flatMap(({ spec, metadata: { namespace } }) => spec.hosts.map((host) => ({ host: host.toLowerCase(), namespace })))
    .filter(({ host, namespace }) => !host.startsWith('*') && !said.has(`${namespace}/${host}`));
  return new Map([...said, ...allocatedAddresses(others, taken)]);
}

/** Where callers dial an address of their own choice, none could be told from another's. */
function wantsAddresses({ spec, metadata }: ServiceEntryObject): boolean {
  const { resolution = 'NONE', addresses = [] } = spec;
  return resolution !== 'NONE' && addresses.length === 0 && metadata.labels[LABEL]?.toLowerCase() !== 'false';
}

/** `namespace/host` and what the status says of the host. */
function saidAddresses({ status, spec, metadata }: ServiceEntryObject): (readonly [string, readonly string[]])[] {
  const all = (status?.addresses ?? []).filter(({ value = '' }) => isIP(value) !== 0);
  const byHost = Map.groupBy(all, ({ host = '' }) => host);
  return spec.hosts.flatMap((host) => {
    const found = byHost.get(host)?.map(({ value = '' }) => value) ?? [];
    return found.length > 0 ? [[`${metadata.namespace}/${host.toLowerCase()}`, found] as const] : [];
  });
}
