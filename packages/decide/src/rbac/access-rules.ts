// Turns RBAC rules into a verdict on requests: allowed or denied, by which policy, and what was lacking.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
import { type Policy, type RBAC, RBAC_Action as RbacAction } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { at, DecideError } from '../decide-error.ts';
import { type AccessCondition, oneOf } from './access-condition.ts';
import type { AccessRequest } from './access-request.ts';
import { permissionCondition } from './permission-condition.ts';
import { PolicyIndex } from './policy-index.ts';
import { principalCondition } from './principal-condition.ts';
import { barePath, type RuleScope } from './request-condition.ts';

export interface AccessVerdict {
  readonly allowed: boolean;
  /** The policy that matched, the first by name; undefined: none did. */
  readonly policy: string | undefined;
}

/** The policy that came nearest to letting a request in, and what it lacked, in words. */
export interface NearestMiss {
  readonly policy: string;
  readonly misses: readonly string[];
}

/** Lets requests or connections in, or not. */
export interface AccessJudge {
  judge(request: AccessRequest): AccessVerdict;
  /** For a request that is denied without a policy that says so; undefined: nothing would have let it in. */
  nearestMiss(request: AccessRequest): NearestMiss | undefined;
}

interface CompiledPolicy {
  readonly name: string;
  readonly permission: AccessCondition;
  readonly principal: AccessCondition;
}

export class AccessRules implements AccessJudge {
  readonly action: 'allow' | 'deny' | 'log';
  readonly #policies: readonly CompiledPolicy[];
  readonly #index: PolicyIndex;

  /** Throws DecideError naming the policy that can't be judged. */
  constructor(rules: RBAC, scope: RuleScope) {
    this.action = actionOf(rules.action);
    if (rules.auditLoggingOptions?.loggerConfigs.some(({ isOptional }) => !isOptional)) {
      throw new DecideError('UNSUPPORTED', 'audit loggers');
    }
    this.#policies = Object.entries(rules.policies)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, policy]) => at(`policy "${name}"`, () => compilePolicy(name, policy, scope)));
    this.#index = new PolicyIndex(
      this.#policies.map(({ permission, principal }) => permission.paths ?? principal.paths),
    );
  }

  judge(request: AccessRequest): AccessVerdict {
    const policy = this.#firstMatch(request);
    const matched = policy !== undefined;
    return { allowed: this.action === 'log' || matched === (this.action === 'allow'), policy };
  }

  /** For a request that no policy allows; undefined where there are no policies. */
  nearestMiss(request: AccessRequest): NearestMiss | undefined {
    let nearest: NearestMiss | undefined;
    for (const { name, permission, principal } of this.#policies) {
      const misses = [...principal.misses(request), ...permission.misses(request)];
      if (!nearest || misses.length < nearest.misses.length) nearest = { policy: name, misses };
    }
    return nearest;
  }

  #firstMatch(request: AccessRequest): string | undefined {
    const path = request.request === undefined ? '' : barePath(request.request.path);
    for (const number of this.#index.candidates(path)) {
      const { name, permission, principal } = this.#policies[number]!;
      if (permission.holds(request) && principal.holds(request)) return name;
    }
    return undefined;
  }
}

function actionOf(action: RbacAction): AccessRules['action'] {
  switch (action) {
    case RbacAction.ALLOW:
      return 'allow';
    case RbacAction.DENY:
      return 'deny';
    case RbacAction.LOG:
      return 'log';
    default:
      throw new DecideError('UNSUPPORTED', `action ${String(action)}`);
  }
}

function compilePolicy(name: string, policy: Policy, scope: RuleScope): CompiledPolicy {
  if (policy.condition || policy.checkedCondition) throw new DecideError('UNSUPPORTED', 'a condition in CEL');
  return {
    name,
    permission: oneOf(policy.permissions.map((each) => permissionCondition(each, scope))),
    principal: oneOf(policy.principals.map((each) => principalCondition(each, scope))),
  };
}
