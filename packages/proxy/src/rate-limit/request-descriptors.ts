// Which rules of a request's route, virtual host and filter count, and the descriptors that they make of it.
import {
  type Decision,
  type RateLimitDescriptor,
  rateLimitDescriptors,
  type RateLimitRule,
  type RateLimitView,
} from '@meltemi/decide';
import type { FilteredStream } from '../http/filter/http-filter.ts';

/** What becomes of a virtual host's rules. `override`: they count where the route has none. */
export type VirtualHostRules = 'override' | 'include' | 'ignore';

export interface RuleChoice {
  readonly stage: number;
  readonly virtualHost: VirtualHostRules;
  /** Undefined: rules with a runtime key to disable them count, as nothing sets it. */
  readonly skipsKeyed?: boolean;
}

const NO_RULES: readonly RateLimitRule[] = [];

/** Of a request that goes to a cluster; others have none. */
export function routeRules(decision: Decision, choice: RuleChoice): readonly RateLimitRule[] {
  const limits = decision.kind === 'route' ? decision.route.rateLimits : undefined;
  if (!limits) return NO_RULES;
  const { route, virtualHost, includeVirtualHost } = limits;
  const chosen = includeVirtualHost ? 'include' : choice.virtualHost;
  const counts = ({ stage, disableKey }: RateLimitRule) =>
    stage === choice.stage && !(choice.skipsKeyed && disableKey !== '');
  const own = route.filter(counts);
  if (chosen === 'include') return [...own, ...virtualHost.filter(counts)];
  return chosen === 'override' && route.length === 0 ? virtualHost.filter(counts) : own;
}

/** `sourceCluster`: of the proxy itself. */
export function requestDescriptors(
  rules: readonly RateLimitRule[],
  stream: FilteredStream,
  sourceCluster: string,
): readonly RateLimitDescriptor[] {
  return rules.length === 0 ? [] : rateLimitDescriptors(rules, rateLimitView(stream, sourceCluster));
}

export function rateLimitView(stream: FilteredStream, sourceCluster: string): RateLimitView {
  const decision = stream.decision();
  const routed = decision.kind === 'route' ? decision : undefined;
  return {
    request: stream.entry,
    sourceCluster,
    destinationCluster: routed?.cluster ?? '',
    routeMetadata: routed?.route.rateLimits?.metadata ?? {},
  };
}
