// One EgressRule → the ServiceEntry that Istio 0.8 made of it.
import type { LocatedResource } from '../../located-resource.ts';
import type { EgressRule } from '../../model/egress-rule.ts';
import { defined } from '../defined.ts';
import { convertEgressRule } from '../egress-rule.ts';
import { type V1alpha3Document, v1alpha3Document } from './document.ts';

/** What is the default is not written, and protocols stay as they were. */
export function serviceEntryOf(rule: LocatedResource<EgressRule>): V1alpha3Document {
  const { hosts, addresses, ports, resolution } = convertEgressRule(rule, 'cluster.local').spec;
  const spec = defined({
    hosts,
    addresses,
    ports: ports?.map((port, index) => ({ ...port, protocol: rule.spec.ports[index]!.protocol })),
    resolution: resolution === 'NONE' ? undefined : resolution,
  });
  return v1alpha3Document('ServiceEntry', rule.metadata, spec);
}
