// Turns a match tree of access actions into a verdict on requests or connections: what no branch matches is denied.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/rbac/v3/rbac.proto
import { unpackAny } from '@meltemi/api';
import { ActionSchema, RBAC_Action as RbacAction } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import type { TypedExtensionConfig } from '@meltemi/api/xds/core/v3/extension_pb';
import type { Matcher } from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import { DecideError } from '../decide-error.ts';
import { compileMatchTree, type MatchTree } from '../match-tree/match-tree.ts';
import { accessInput } from './access-input.ts';
import type { AccessRequest } from './access-request.ts';
import type { AccessJudge, AccessVerdict } from './access-rules.ts';
import type { RuleScope } from './request-condition.ts';

const DENIED: AccessVerdict = { allowed: false, policy: undefined };

export class AccessTree implements AccessJudge {
  readonly #choose: MatchTree<AccessRequest, AccessVerdict>;

  /** Throws DecideError. */
  constructor(matcher: Matcher, scope: RuleScope) {
    this.#choose = compileMatchTree(matcher, { input: (config) => accessInput(config, scope), result: verdictOf });
  }

  judge(request: AccessRequest): AccessVerdict {
    return this.#choose(request) ?? DENIED;
  }

  /** A tree has no rules that something could be missing of. */
  nearestMiss(): undefined {
    return undefined;
  }
}

function verdictOf({ name, typedConfig }: TypedExtensionConfig): AccessVerdict {
  const action = unpackAny(typedConfig, ActionSchema);
  if (!action) throw new DecideError('UNSUPPORTED', `matcher: action ${name}: ${typedConfig?.typeUrl ?? ''}`);
  switch (action.action) {
    case RbacAction.ALLOW:
    case RbacAction.LOG:
      return { allowed: true, policy: action.name };
    case RbacAction.DENY:
      return { allowed: false, policy: action.name };
    default:
      throw new DecideError('UNSUPPORTED', `matcher: action ${String(action.action)}`);
  }
}
