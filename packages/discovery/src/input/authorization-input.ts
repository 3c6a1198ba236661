// Turns the policies of security that hold for a proxy into plain values that its listeners depend on.
// https://istio.io/latest/docs/reference/config/security/authorization-policy/
import type { AuthorizationPolicy, LocatedResource } from '@meltemi/config';
import type { Placement, RegistryView } from '@meltemi/registry';
import { NO_KEY_SETS } from '../key-sets/key-set-source.ts';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { AuthorizationInput, AuthorizationPolicyInput } from './authorization-rules.ts';
import { authorizerInputs } from './authorizer-input.ts';
import type { ListenerInput } from './listener-input.ts';
import { trustDomainsOf } from './mesh-tls.ts';
import { tokenRules } from './token-rules.ts';

/** Asks every listener who calls and who may, but those for the proxy's own application. */
export function guardedListeners(
  listeners: readonly ListenerInput[],
  scope: ProxyScope,
  { mesh, registry, keySets = NO_KEY_SETS }: Snapshot,
): readonly ListenerInput[] {
  const rules = tokenRules(scope.requestAuthentication, keySets);
  const guard = {
    ...(scope.authorization.length > 0 && { authorization: authorizationInput(scope, mesh, registry) }),
    ...(rules.length > 0 && { tokenRules: rules }),
  };
  return listeners.map((listener) => (listener.direction === 'outbound' ? listener : { ...listener, ...guard }));
}

function authorizationInput(scope: ProxyScope, mesh: MeshSettings, registry: RegistryView): AuthorizationInput {
  const policies = scope.authorization.map(policyInput);
  const asked = mesh.externalAuthorizers.filter(({ name }) => policies.some(({ provider }) => provider === name));
  return {
    policies,
    authorizers: authorizerInputs(asked, registry),
    trustDomains: trustDomainsOf(mesh),
    ports: scope.workload?.placement && placedPorts(scope.workload.placement),
  };
}

/** Nobody is asked on behalf of a gRPC library: what a CUSTOM policy matches is denied. What would only be logged it refuses. */
export function grpcAuthorization(scope: ProxyScope, mesh: MeshSettings): AuthorizationInput {
  const enforced = scope.authorization.map(policyInput).filter(({ action, dryRun }) => action !== 'AUDIT' && !dryRun);
  return { policies: enforced, authorizers: {}, trustDomains: trustDomainsOf(mesh), ports: undefined };
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
