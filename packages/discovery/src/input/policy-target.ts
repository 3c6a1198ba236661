// Finds the policies of security that hold for a workload: by its labels, or by the gateway that it is.
// https://istio.io/latest/docs/reference/config/type/workload-selector/
import { type Labels, selects } from '@meltemi/base';
import type { AuthorizationPolicy, LocatedResource } from '@meltemi/config';

export interface PolicyWorkload {
  readonly namespace: string;
  readonly labels: Labels;
  readonly rootNamespace: string;
}

export type Targeting = Pick<AuthorizationPolicy, 'selector' | 'targetRef' | 'targetRefs'>;
export type PolicyTarget = NonNullable<AuthorizationPolicy['targetRef']>;

/** Who stands for a Gateway of the Gateway API carries its name under this label. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';
const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** Those of the mesh, the root namespace and the workload's that select it, in this order. */
export function policiesOf<Spec extends Targeting>(
  policies: readonly LocatedResource<Spec>[],
  workload: PolicyWorkload,
): readonly LocatedResource<Spec>[] {
  const namespaces = [...new Set(['', workload.rootNamespace, workload.namespace])];
  return namespaces.flatMap((namespace) =>
    policies.filter((policy) => policy.metadata.namespace === namespace && holdsFor(policy, workload)),
  );
}

function holdsFor({ metadata, spec }: LocatedResource<Targeting>, workload: PolicyWorkload): boolean {
  const targets = targetsOf(spec);
  if (targets.length === 0) return selects(spec.selector?.matchLabels ?? {}, workload.labels);
  const gateway = workload.labels[GATEWAY_NAME];
  return (
    metadata.namespace === workload.namespace &&
    targets.some((target) => isGateway(target, metadata.namespace) && target.name === gateway)
  );
}

/** The objects that the policy is attached to; none: it selects workloads by their labels. */
export function targetsOf({ targetRef, targetRefs = [] }: Targeting): readonly PolicyTarget[] {
  return targetRef ? [targetRef, ...targetRefs] : targetRefs;
}

/** True for a Gateway of the policy's own namespace: others can't be reached by it. */
export function isGateway({ group, kind, namespace }: PolicyTarget, home: string): boolean {
  return kind === 'Gateway' && group === GATEWAY_GROUP && (!namespace || namespace === home);
}
