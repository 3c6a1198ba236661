// Finds the AuthorizationPolicies that hold for a proxy, as plain values that a listener depends on.
// https://istio.io/latest/docs/reference/config/security/authorization-policy/
import { selects } from '@meltemi/base';
import type { AuthorizationPolicy, LocatedResource } from '@meltemi/config';
import type { Placement } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';

export type AuthorizationRule = NonNullable<AuthorizationPolicy['rules']>[number];
export type AuthorizationAction = NonNullable<AuthorizationPolicy['action']>;

export interface AuthorizationInput {
  readonly policies: readonly AuthorizationPolicyInput[];
  /** The mesh's own, then its other names. */
  readonly trustDomains: readonly string[];
  /** Where rules name a port, the one that stands for it on this machine; undefined: every port is itself. */
  readonly ports: Readonly<Record<string, number>> | undefined;
}

export interface AuthorizationPolicyInput {
  readonly namespace: string;
  readonly name: string;
  readonly action: AuthorizationAction;
  /** Only counted and logged, never enforced. */
  readonly dryRun: boolean;
  /** Who decides under CUSTOM; empty otherwise. */
  readonly provider: string;
  readonly rules: readonly AuthorizationRule[];
}

export const NO_AUTHORIZATION: AuthorizationInput = { policies: [], trustDomains: [], ports: undefined };

export function authorizationInput(scope: ProxyScope, mesh: MeshSettings): AuthorizationInput {
  if (scope.authorization.length === 0) return NO_AUTHORIZATION;
  return {
    policies: scope.authorization.map(policyInput),
    trustDomains: [mesh.trustDomain],
    ports: scope.workload?.placement && placedPorts(scope.workload.placement),
  };
}

/** Those of the workload's namespace and of the root namespace whose selector picks it. */
export function authorizationPoliciesOf(
  policies: readonly LocatedResource<AuthorizationPolicy>[],
  workload: Pick<ProxyScope, 'node' | 'labels'>,
  rootNamespace: string,
): readonly LocatedResource<AuthorizationPolicy>[] {
  const namespaces = [workload.node.namespace, rootNamespace];
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

export function policyInput({ metadata, spec }: LocatedResource<AuthorizationPolicy>): AuthorizationPolicyInput {
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    action: spec.action ?? 'ALLOW',
    dryRun: metadata.annotations['istio.io/dry-run'] === 'true',
    provider: spec.provider?.name ?? '',
    rules: spec.rules ?? [],
  };
}

function placedPorts({ inbound, gateway }: Placement): Readonly<Record<string, number>> {
  return Object.fromEntries([
    ...inbound.map(({ containerPort, listen }) => [containerPort, listen.port] as const),
    ...gateway.map(({ port, listen }) => [port, listen.port] as const),
  ]);
}
