// Makes the policy of today's API that stands for what the user wrote in older kinds; it leads back there.
import type { LocatedResource } from '../located-resource.ts';
import { converted } from './converted.ts';

export interface SecurityPolicyName {
  /** Empty: the policy is for the whole mesh. */
  readonly namespace: string;
  readonly name: string;
}

export function securityPolicy<Spec>(
  kind: string,
  name: SecurityPolicyName,
  spec: Spec,
  from: LocatedResource,
): LocatedResource<Spec> {
  return { ...converted(kind, name, spec, from), apiVersion: 'security.istio.io/v1' };
}

/** What is only counted and logged, never enforced. */
export function onTrial<Spec>(policy: LocatedResource<Spec>): LocatedResource<Spec> {
  return { ...policy, metadata: { ...policy.metadata, annotations: { 'istio.io/dry-run': 'true' } } };
}
