// Finds the AuthorizationPolicies that hold for a workload.
// https://istio.io/latest/docs/reference/config/security/authorization-policy/
import { type Labels, selects } from '@meltemi/base';
import type { AuthorizationPolicy, LocatedResource } from '@meltemi/config';

/** Those of the workload's namespace and of the root namespace whose selector picks it. */
export function authorizationPoliciesOf(
  policies: readonly LocatedResource<AuthorizationPolicy>[],
  workload: { readonly namespace: string; readonly labels: Labels; readonly rootNamespace: string },
): readonly LocatedResource<AuthorizationPolicy>[] {
  const namespaces = [workload.namespace, workload.rootNamespace];
  return policies.filter(
    ({ metadata, spec }) =>
      namespaces.includes(metadata.namespace) &&
      !isAttached(spec) &&
      selects(spec.selector?.matchLabels ?? {}, workload.labels),
  );
}

/** For a Gateway of the Gateway API, a Service or another object, not for workloads by their labels. */
export function isAttached({ targetRef, targetRefs }: AuthorizationPolicy): boolean {
  return targetRef !== undefined || (targetRefs ?? []).length > 0;
}
