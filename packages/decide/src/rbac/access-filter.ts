// Turns the RBAC filter of requests or of connections into rules that are enforced and rules that are only counted.
import type { RBAC as HttpRbac } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import {
  type RBAC as NetworkRbac,
  RBAC_EnforcementType as EnforcementType,
} from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { DecideError } from '../decide-error.ts';
import type { Matcher } from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import type { RBAC } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { type AccessJudge, AccessRules } from './access-rules.ts';
import { AccessTree } from './access-tree.ts';
import type { RuleScope } from './request-condition.ts';

export interface AccessFilter {
  /** Undefined: all are let in. */
  readonly enforced: AccessJudge | undefined;
  /** Undefined: none. */
  readonly shadow: AccessJudge | undefined;
  /** Stand before the names of counters. */
  readonly rulesStatPrefix: string;
  readonly shadowStatPrefix: string;
  /** What the counters belong to, without the dot; empty: to the connection manager. */
  readonly statOwner: string;
}

/** Throws DecideError. */
export function compileHttpAccess(config: HttpRbac): AccessFilter {
  return { ...rulesOf(config, 'request'), rulesStatPrefix: config.rulesStatPrefix, statOwner: '' };
}

/** Throws DecideError. */
export function compileNetworkAccess(config: NetworkRbac): AccessFilter {
  if (config.enforcementType !== EnforcementType.ONE_TIME_ON_FIRST_BYTE)
    throw new DecideError('UNSUPPORTED', 'rbac: enforcement_type CONTINUOUS');
  return { ...rulesOf(config, 'connection'), rulesStatPrefix: '', statOwner: config.statPrefix.replace(/\.$/, '') };
}

/** RESPONSE_CODE_DETAILS of a denial, without white space, which would break log lines apart. */
export function denialDetails(policy: string | undefined): string {
  return `rbac_access_denied_matched_policy[${(policy ?? 'none').replaceAll(/\s/g, '_')}]`;
}

function rulesOf(config: HttpRbac | NetworkRbac, scope: RuleScope) {
  return {
    enforced: judgeOf(config.rules, config.matcher, scope),
    shadow: judgeOf(config.shadowRules, config.shadowMatcher, scope),
    shadowStatPrefix: config.shadowRulesStatPrefix,
  };
}

/** As Envoy: where there is a tree, rules beside it don't count. */
function judgeOf(rules: RBAC | undefined, tree: Matcher | undefined, scope: RuleScope): AccessJudge | undefined {
  if (tree) return new AccessTree(tree, scope);
  return rules && new AccessRules(rules, scope);
}
