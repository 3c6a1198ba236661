// RateLimitPolicies → the limits of the domain that proxies name for them.
import { byKey, LIMIT_KEY, limitId, MATCH_KEY, MATCHED } from '@meltemi/api';
import { parseDuration } from '@meltemi/base';
import type { LocatedResource, RateLimitPolicy, RequestLimit } from '@meltemi/config';

import { exactKey, type LimitNode, NO_LIMITS, type RateLimit } from './rate-limit-tree.ts';

export function policyLimits(policies: readonly LocatedResource<RateLimitPolicy>[]): LimitNode {
  const exact = policies.flatMap(({ metadata: { namespace, name }, spec }) =>
    spec.limits.map((limit): [string, LimitNode] => {
      const id = limitId(namespace, name, limit.name);
      return [exactKey({ key: LIMIT_KEY, value: id }), limitNode(limit, id)];
    }),
  );
  return { ...NO_LIMITS, exact: new Map(exact) };
}

/** Whatever the values are that it counts by. */
function limitNode(written: RequestLimit, name: string): LimitNode {
  const { requests, per, by = [], match } = written;
  const limit: RateLimit = { requests, lengthMs: parseDuration(per)!, name, shadow: false };
  const counted = by.reduceRight<LimitNode>(
    (node, _, index) => ({ ...NO_LIMITS, any: new Map([[byKey(index), node]]) }),
    { ...NO_LIMITS, limit },
  );
  if (!match) return counted;
  return { ...NO_LIMITS, exact: new Map([[exactKey({ key: MATCH_KEY, value: MATCHED }), counted]]) };
}
