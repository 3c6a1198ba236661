// Turns AuthorizationPolicies of one action into the rules of an RBAC filter, one RBAC policy a rule.
import { create } from '@bufbuild/protobuf';
import {
  type Policy,
  PolicySchema,
  type RBAC,
  RBAC_Action as RbacAction,
  RBACSchema,
} from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import type {
  AuthorizationAction,
  AuthorizationInput,
  AuthorizationPolicyInput,
  AuthorizationRule,
} from '../../input/authorization-rules.ts';
import { condition, type Unsayable } from './conjunction.ts';
import { NO_PERMISSION, permissionWords } from './permission-words.ts';
import { NO_PRINCIPAL, principalWords } from './principal-words.ts';
import { type Conjunction, destinationStatements, sourceStatements } from './statements.ts';
import { underAllTrustDomains, withTrustDomainAliases } from './trust-domains.ts';

export interface RulesContext extends Omit<AuthorizationInput, 'policies'> {
  readonly http: boolean;
  /** Of the policies of a rule; the index of the rule comes after it. */
  readonly nameOf: (policy: AuthorizationPolicyInput, rule: number) => string;
}

const ACTION = {
  ALLOW: RbacAction.ALLOW,
  DENY: RbacAction.DENY,
  AUDIT: RbacAction.LOG,
  CUSTOM: RbacAction.DENY,
} as const;

/** `ns[default]-policy[viewer]-rule[0]` */
export function policyName({ namespace, name }: AuthorizationPolicyInput, rule: number): string {
  return `ns[${namespace}]-policy[${name}]-rule[${rule}]`;
}

/** Undefined where there are no policies: then nothing is decided. Without rules a policy matches nothing. */
export function rbacRules(
  action: AuthorizationAction,
  policies: readonly AuthorizationPolicyInput[],
  context: RulesContext,
): RBAC | undefined {
  if (policies.length === 0) return undefined;
  const named = policies.flatMap((policy) =>
    policy.rules.length === 0
      ? [[context.nameOf(policy, 0), MATCHES_NOTHING] as const]
      : policy.rules.flatMap((rule, index) => {
          const made = rbacPolicy(rule, policy, context);
          return made ? [[context.nameOf(policy, index), made] as const] : [];
        }),
  );
  return create(RBACSchema, { action: ACTION[action], policies: Object.fromEntries(named) });
}

const MATCHES_NOTHING: Policy = create(PolicySchema, {
  permissions: [NO_PERMISSION],
  principals: [NO_PRINCIPAL],
});

/** Undefined: the rule can't be said of connections, and letting them in by half of it would be wrong. */
function rbacPolicy(
  rule: AuthorizationRule,
  { action, namespace }: AuthorizationPolicyInput,
  { http, ports, trustDomains }: RulesContext,
): Policy | undefined {
  const unsayable: Unsayable = action === 'ALLOW' ? 'drop-rule' : 'widen';
  const permissions = destinationStatements(rule).map((each) =>
    condition(each, permissionWords({ http, ports }), unsayable),
  );
  const principals = sourceStatements(rule, namespace).map((each) =>
    condition(inAllTrustDomains(each, trustDomains), principalWords({ http }), unsayable),
  );
  if (permissions.includes(undefined) || principals.includes(undefined)) return undefined;
  return create(PolicySchema, {
    permissions: permissions.filter((part) => part !== undefined),
    principals: principals.filter((part) => part !== undefined),
  });
}

const EXPANSIONS = new Map([
  ['source.principal', underAllTrustDomains],
  ['source.trustDomain', withTrustDomainAliases],
]);

function inAllTrustDomains(statements: Conjunction, trustDomains: readonly string[]): Conjunction {
  return statements.map((each) => {
    const expand = EXPANSIONS.get(each.key);
    if (!expand) return each;
    const { values, notValues } = each;
    return { ...each, values: expand(values, trustDomains), notValues: expand(notValues, trustDomains) };
  });
}
