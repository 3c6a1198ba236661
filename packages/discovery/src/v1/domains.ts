// The names by which an application may call a port of a service.
import type { Host } from '@meltemi/base';
import type { Service, ServicePort } from '@meltemi/registry';
import type { Instance } from './instance.ts';

/** From the shortest that DNS completes to the full one, then the address; each with the port and without it. */
export function virtualHostDomains(service: Service, port: ServicePort, domain: string): readonly string[] {
  const shared = sharedSuffix(service.host.split('.'), domain.split('.'));
  const own = service.host.split('.').slice(0, service.host.split('.').length - shared.length);
  const shortest = own.length > 0 ? [own.join('.')] : [];
  const longer = shared.map((_, index) => [...own, ...shared.slice(0, index + 1)].join('.'));
  const names: readonly Host[] = [...shortest, ...longer, ...(service.address ? [service.address] : [])];
  return names.flatMap((name) => [`${name}:${port.number}`, name]);
}

/** Where a proxy doesn't say its domain: what its services have in common behind their names. */
export function instancesDomain(instances: readonly Instance[]): string {
  const parts = instances.map(({ service }) => service.host.split('.').slice(1));
  const [first = [], ...others] = parts;
  return others.reduce(sharedSuffix, first).join('.');
}

function sharedSuffix(a: readonly string[], b: readonly string[]): readonly string[] {
  let length = 0;
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return a.slice(a.length - length);
}
