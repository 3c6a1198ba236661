// Turns the AuthorizationPolicies that hold for a proxy into plain values that its listeners depend on.
// https://istio.io/latest/docs/reference/config/security/authorization-policy/
import type { AuthorizationPolicy, LocatedResource } from '@meltemi/config';
import type { Placement } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import type { AuthorizationInput, AuthorizationPolicyInput } from './authorization-rules.ts';
import type { ListenerInput } from './listener-input.ts';

/** Asks every listener who may call, but those for the proxy's own application. */
export function guardedListeners(
  listeners: readonly ListenerInput[],
  scope: ProxyScope,
  mesh: MeshSettings,
): readonly ListenerInput[] {
  if (scope.authorization.length === 0) return listeners;
  const authorization = authorizationInput(scope, mesh);
  return listeners.map((listener) => (listener.direction === 'outbound' ? listener : { ...listener, authorization }));
}

function authorizationInput(scope: ProxyScope, mesh: MeshSettings): AuthorizationInput {
  return {
    policies: scope.authorization.map(policyInput),
    trustDomains: [mesh.trustDomain],
    ports: scope.workload?.placement && placedPorts(scope.workload.placement),
  };
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
