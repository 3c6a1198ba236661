// Says which parts of a DestinationRule have no effect here.
import type { DestinationRule, LoadBalancer, TrafficPolicy } from '@meltemi/config';

export interface UnservedField {
  /** From the rule's own root: `spec.trafficPolicy.tunnel`. */
  readonly path: string;
  readonly message: string;
}

const UNSERVED = ['tunnel', 'proxyProtocol', 'retryBudget'] as const;
const UNSERVED_BALANCING = ['warmup', 'warmupDurationSecs'] as const;

export function unservedTrafficPolicy({ trafficPolicy, subsets = [] }: DestinationRule): readonly UnservedField[] {
  return [
    ...ofPolicy('spec.trafficPolicy', trafficPolicy),
    ...subsets.flatMap((subset, index) => ofPolicy(`spec.subsets[${index}].trafficPolicy`, subset.trafficPolicy)),
  ];
}

function ofPolicy(path: string, policy: TrafficPolicy | undefined): readonly UnservedField[] {
  if (!policy) return [];
  return [
    ...UNSERVED.filter((field) => policy[field] !== undefined).map((field) => unserved(`${path}.${field}`)),
    ...ofBalancer(`${path}.loadBalancer`, policy.loadBalancer),
    ...(policy.portLevelSettings ?? []).flatMap(({ loadBalancer }, index) =>
      ofBalancer(`${path}.portLevelSettings[${index}].loadBalancer`, loadBalancer),
    ),
  ];
}

function ofBalancer(path: string, balancer: LoadBalancer | undefined): readonly UnservedField[] {
  return UNSERVED_BALANCING.filter((field) => balancer?.[field] !== undefined).map((field) =>
    unserved(`${path}.${field}`),
  );
}

function unserved(path: string): UnservedField {
  return { path, message: `${path.slice(path.lastIndexOf('.') + 1)} is not carried out: it has no effect` };
}
