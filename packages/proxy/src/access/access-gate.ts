// Judges requests or connections by the access rules of a listener, one filter after the other, and counts what came of it.
import type { JsonObject } from '@bufbuild/protobuf';
import {
  type AccessFilter,
  type AccessJudge,
  type AccessRequest,
  type AccessVerdict,
  denialDetails,
} from '@meltemi/decide';
import type { Logger } from '@meltemi/base';
import type { Counter, StatsScope } from '@meltemi/telemetry';

/** Why somebody is not let in. */
export interface AccessDenial {
  /** RESPONSE_CODE_DETAILS: the policy that denied, or that none allowed. */
  readonly details: string;
  /** The policy that denies, or the one that came nearest to allowing and what it wants. */
  readonly because: string;
}

export interface JudgedRequest extends AccessRequest {
  /** Absent: nobody hears why, nor what rules say that are not enforced. */
  addMetadata?(filter: string, values: JsonObject): void;
}

interface Verdicts {
  readonly allowed: Counter;
  readonly denied: Counter;
}

interface CountedFilter {
  readonly filter: AccessFilter;
  readonly enforced: Verdicts | undefined;
  readonly shadow: Verdicts | undefined;
}

export class AccessGate {
  readonly #filters: readonly CountedFilter[];
  readonly #scopes: readonly StatsScope[];
  readonly #logger: Logger;

  /** `scopeOf`: makes the scope that a filter's counters are in. */
  constructor(filters: readonly AccessFilter[], scopeOf: (filter: AccessFilter) => StatsScope, logger: Logger) {
    this.#logger = logger;
    this.#scopes = filters.map(scopeOf);
    this.#filters = filters.map((filter, index) => countedFilter(filter, this.#scopes[index]!));
  }

  /** Undefined: let in. The first filter that denies ends it. */
  deny(request: JudgedRequest): AccessDenial | undefined {
    for (const { filter, enforced, shadow } of this.#filters) {
      if (filter.shadow && shadow) noteShadow(filter, shadow, filter.shadow.judge(request), request);
      if (!filter.enforced || !enforced) continue;
      const { allowed, policy } = filter.enforced.judge(request);
      count(enforced, allowed);
      if (allowed) continue;
      const because = reasonOf(filter.enforced, policy, request);
      this.#logger.debug(`access denied: ${because}`);
      request.addMetadata?.(DENIAL_METADATA, { because });
      return { details: denialDetails(policy), because };
    }
    return undefined;
  }

  /** Gives the counters up. */
  close(): void {
    for (const scope of this.#scopes) scope.close();
  }
}

/** For access logs: `%DYNAMIC_METADATA(meltemi.access:because)%`. */
export const DENIAL_METADATA = 'meltemi.access';

function reasonOf(rules: AccessJudge, policy: string | undefined, request: AccessRequest): string {
  if (policy !== undefined) return `${policy} denies`;
  const near = rules.nearestMiss(request);
  return near ? `${near.policy} is nearest, it wants ${near.misses.join(' and ')}` : 'no policy allows anything';
}

function countedFilter(filter: AccessFilter, scope: StatsScope): CountedFilter {
  return {
    filter,
    enforced: filter.enforced && verdicts(scope, `rbac.${dotted(filter.rulesStatPrefix)}`),
    shadow: filter.shadow && verdicts(scope, `rbac.${dotted(filter.shadowStatPrefix)}shadow_`),
  };
}

const SHADOW_METADATA = 'envoy.filters.http.rbac';

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter#dynamic-metadata */
function noteShadow(
  { shadowStatPrefix }: AccessFilter,
  counted: Verdicts,
  verdict: AccessVerdict,
  request: JudgedRequest,
) {
  const { allowed, policy } = verdict;
  count(counted, allowed);
  request.addMetadata?.(SHADOW_METADATA, {
    ...(policy === undefined ? {} : { [`${shadowStatPrefix}shadow_effective_policy_id`]: policy }),
    [`${shadowStatPrefix}shadow_engine_result`]: allowed ? 'allowed' : 'denied',
  });
}

function dotted(prefix: string): string {
  return prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
}

function verdicts(scope: StatsScope, prefix: string): Verdicts {
  return { allowed: scope.counter(`${prefix}allowed`), denied: scope.counter(`${prefix}denied`) };
}

function count({ allowed, denied }: Verdicts, isAllowed: boolean): void {
  (isAllowed ? allowed : denied).increment();
}
