// One EgressRule → the ServiceEntry that lets its traffic out.
import { serviceHost } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { EgressRule } from '../model/egress-rule.ts';
import type { ServiceEntry } from '../model/service-entry.ts';
import { converted } from './converted.ts';

/** An address range gets a host name of its own, as it has none. */
export function convertEgressRule(rule: LocatedResource<EgressRule>, domain: string): LocatedResource<ServiceEntry> {
  const { service = '' } = rule.spec.destination;
  const { name, namespace } = rule.metadata;
  const isRange = /^[\d.]+(\/\d+)?$|^[\da-fA-F:]+:[\da-fA-F:.]*(\/\d+)?$/.test(service);
  const spec: ServiceEntry = {
    hosts: [isRange ? serviceHost(name, namespace, domain) : service],
    ...(isRange && { addresses: [service] }),
    ports: rule.spec.ports.map(({ port, protocol }) => ({
      name: `${protocol.toLowerCase()}-${port}`,
      number: port,
      protocol: protocol.toUpperCase(),
    })),
    location: 'MESH_EXTERNAL',
    resolution: isRange || service.startsWith('*') ? 'NONE' : 'DNS',
  };
  return converted('ServiceEntry', { name, namespace }, spec, rule);
}
