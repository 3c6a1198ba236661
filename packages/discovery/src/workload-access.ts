// Who may call a workload, as rules that can be asked without a proxy: those that its listeners would get.
import type { RBAC } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { type ConfigView, securityPolicies } from '@meltemi/config';
import { policyName, rbacRules } from './generate/authorization/rbac-rules.ts';
import { policyInput } from './input/authorization-input.ts';
import type { AuthorizationPolicyInput } from './input/authorization-rules.ts';
import { trustDomainsOf } from './input/mesh-tls.ts';
import { type MutualTlsMode, mutualTlsModes, peerAuthenticationsOf } from './input/mutual-tls-modes.ts';
import { policiesOf, type PolicyWorkload } from './input/policy-target.ts';
import type { MeshSettings } from './mesh.ts';

/** One decision; all of them must let a request in. */
export interface AccessStep {
  /** Asked where one of the rules matches; undefined: the rules themselves decide. */
  readonly authorizer: string | undefined;
  readonly rules: RBAC;
}

export interface WorkloadAccess {
  /** What it asks of peers at a port of its own. */
  mutualTls(port: number): MutualTlsMode;
  /** In the order in which they are asked. `http`: of requests; else of connections. */
  steps(http: boolean): readonly AccessStep[];
}

/** Policies that are only tried count for nothing. */
export function workloadAccess(
  config: ConfigView,
  mesh: MeshSettings,
  workload: Omit<PolicyWorkload, 'rootNamespace'>,
): WorkloadAccess {
  const placed = { ...workload, rootNamespace: mesh.rootNamespace };
  const known = securityPolicies(config, mesh.domain);
  const modes = mutualTlsModes(peerAuthenticationsOf(known.peerAuthentications, placed), mesh.mutualTls);
  const policies = policiesOf(known.authorizationPolicies, placed)
    .map(policyInput)
    .filter(({ dryRun }) => !dryRun);
  return {
    mutualTls: (port) => modes.ports.get(port) ?? modes.mode,
    steps: (http) => {
      const context = {
        http,
        trustDomains: trustDomainsOf(mesh),
        authorizers: {},
        ports: undefined,
        nameOf: policyName,
      };
      const step = (action: AuthorizationPolicyInput['action'], some: typeof policies, authorizer?: string) => {
        const rules = rbacRules(action, some, context);
        return rules ? [{ authorizer, rules }] : [];
      };
      const byAction = Map.groupBy(policies, ({ action }) => action);
      const providers = Map.groupBy(byAction.get('CUSTOM') ?? [], ({ provider }) => provider);
      return [
        ...[...providers].flatMap(([provider, own]) => step('CUSTOM', own, provider)),
        ...(['DENY', 'ALLOW'] as const).flatMap((action) => step(action, byAction.get(action) ?? [])),
      ];
    },
  };
}
