// SDS: where the port of a service, or one version of it, is served.
import { selects } from '@meltemi/base';
import type { HostDocument } from './documents.ts';
import type { Instance } from './instance.ts';
import { formatServiceKey, parseServiceKey } from './service-key.ts';
import { instancesOf, isExternal, type V1World } from './v1-world.ts';

export interface HostsDocument {
  readonly hosts: readonly HostDocument[];
}

/** Nobody's key leads to no hosts. */
export function hostsDocument(world: V1World, text: string): HostsDocument {
  const { host, port: name, labels } = parseServiceKey(text);
  const service = world.serviceByHost.get(host);
  const port = service?.ports.find((known) => known.name === name);
  if (!service || !port) return { hosts: [] };
  const instances = instancesOf(world.snapshot.registry, service, port).filter(({ endpoint }) =>
    selects(labels, endpoint.labels),
  );
  return { hosts: instances.map(hostDocument) };
}

/** All keys with their hosts, by key. */
export function hostsList(world: V1World) {
  const keys = world.services
    .filter((service) => !isExternal(service))
    .flatMap((service) => service.ports.map((port) => ({ host: service.host, port: port.name, labels: {} })))
    .map(formatServiceKey);
  return keys.toSorted().map((key) => ({ 'service-key': key, ...hostsDocument(world, key) }));
}

function hostDocument({ endpoint }: Instance): HostDocument {
  const { address, locality } = endpoint;
  return { ip_address: address.host, port: address.port, ...(locality !== '' && { tags: { az: locality } }) };
}
