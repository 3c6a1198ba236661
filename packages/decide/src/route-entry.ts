// Turns a Route into a match and an action, ready to decide.
import {
  type Route,
  type RouteAction,
  RouteAction_ClusterNotFoundResponseCode as NotFoundCode,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { RoutingPriority } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Condition } from './condition.ts';
import { DecideError } from './decide-error.ts';
import type { CompiledRoute } from './decision.ts';
import { compileDirect, type DirectAnswer } from './direct-response.ts';
import type { FaultRule } from './fault.ts';
import { faultOf } from './filter-config.ts';
import { filterConfigsOf, type RouteFilterConfigs } from './route-filter-config.ts';
import { compileForwardingRules, compileUpgrades, type ForwardingRules } from './forwarding-rules.ts';
import { type HashPolicy, compileHashPolicies } from './hash-policy.ts';
import type { HeaderChange } from './header-change.ts';
import { compileMirrors, type Mirrors } from './mirror.ts';
import { compilePathMatch, type PathMatch } from './path-match.ts';
import { provenanceOf } from './provenance.ts';
import { compileRouteRateLimits, type RouteRateLimits } from './rate-limit.ts';
import { compileRedirect, type Redirect } from './redirect.ts';
import { compileRetryPolicy, type RetryRule } from './retry-policy.ts';
import { compileHostRewrite, compilePathRewrite, type HostRewrite, type PathRewrite } from './rewrite.ts';
import { refuseRouteFields } from './route-fields.ts';
import { compileConditions } from './route-match.ts';
import { compileLevel, NO_CHANGES, orderChanges, type RouteContext } from './route-level.ts';
import { compileTargets, type Targets } from './target.ts';
import { compileTimeouts, type Timeouts } from './timeouts.ts';

/** One compiled route. */
export interface RouteEntry {
  /** All must hold. */
  readonly conditions: readonly Condition[];
  readonly action: Action;
  /** True where the decision needs a roll for routing. */
  readonly rolls: boolean;
}

export type Action = ForwardAction | AnswerAction;

export interface ForwardAction {
  readonly kind: 'forward';
  readonly route: CompiledRoute;
  readonly targets: Targets;
  readonly clusterNotFoundStatus: number;
  readonly rewritePath: PathRewrite | undefined;
  readonly rewriteHost: HostRewrite | undefined;
  readonly autoHostRewrite: boolean;
  readonly appendForwardedHost: boolean;
  readonly timeouts: Timeouts;
  readonly retry: RetryRule;
  readonly mirrors: Mirrors;
  readonly hashPolicies: readonly HashPolicy[];
  readonly upgrades: ReadonlyMap<string, boolean>;
  readonly rules: ForwardingRules;
  readonly includeAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly priority: 'default' | 'high';
}

/** Answered without a cluster. */
export interface AnswerAction {
  readonly kind: 'answer';
  readonly route: CompiledRoute;
  readonly answer: ({ readonly kind: 'redirect' } & Redirect) | DirectAnswer;
  readonly responseHeaders: readonly HeaderChange[];
  readonly fault: FaultRule | undefined;
  readonly filterConfigs: RouteFilterConfigs;
}

/** Throws DecideError. */
export function compileRoute(message: Route, context: RouteContext): RouteEntry {
  if (!message.match) throw new DecideError('BAD_MATCH', 'the route has no match');
  refuseRouteFields(message);
  const pathMatch = compilePathMatch(message.match, context.ignorePathParameters);
  const action = compileAction(message, pathMatch, context);
  return {
    conditions: compileConditions(message.match, pathMatch),
    action,
    rolls:
      message.match.runtimeFraction !== undefined || (action.kind === 'forward' && action.targets.kind === 'weighted'),
  };
}

function compiledRoute(message: Route, context: RouteContext): CompiledRoute {
  return {
    name: message.name,
    virtualHost: context.virtualHost,
    ...provenanceOf(message.metadata),
    operation: message.decorator?.operation || undefined,
    ...(message.decorator?.propagate === false && { propagateOperation: false }),
    ...(message.statPrefix !== '' && { statPrefix: message.statPrefix }),
    ...(message.tracing && { tracing: message.tracing }),
  };
}

function compileAction(message: Route, pathMatch: PathMatch, context: RouteContext): Action {
  switch (message.action.case) {
    case 'route':
      return compileForward(message, message.action.value, pathMatch, context);
    case 'redirect':
      return compileAnswer(message, context, {
        kind: 'redirect',
        ...compileRedirect(message.action.value, pathMatch),
      });
    case 'directResponse':
      return compileAnswer(message, context, compileDirect(message.action.value, context.maxDirectBody, context.data));
    default:
      throw new DecideError('BAD_ACTION', 'the route has no action');
  }
}

const NOT_FOUND_STATUS: Readonly<Record<NotFoundCode, number>> = {
  [NotFoundCode.SERVICE_UNAVAILABLE]: 503,
  [NotFoundCode.NOT_FOUND]: 404,
  [NotFoundCode.INTERNAL_SERVER_ERROR]: 500,
};

function compileForward(
  message: Route,
  action: RouteAction,
  pathMatch: PathMatch,
  context: RouteContext,
): ForwardAction {
  const mirrors = action.requestMirrorPolicies.length > 0 ? action.requestMirrorPolicies : context.mirrorPolicies;
  const host = action.hostRewriteSpecifier;
  const timeouts = context.shared.timeouts.share(compileTimeouts(action));
  return {
    kind: 'forward',
    route: {
      ...compiledRoute(message, context),
      ...rateLimitsOf(message, action, context),
      ...(context.virtualCluster && { virtualCluster: context.virtualCluster }),
    },
    targets: compileTargets(message, action, context),
    clusterNotFoundStatus: NOT_FOUND_STATUS[action.clusterNotFoundResponseCode],
    rewritePath: compilePathRewrite(action, pathMatch),
    rewriteHost: compileHostRewrite(action),
    autoHostRewrite: host.case === 'autoHostRewrite' && host.value.value,
    appendForwardedHost: action.appendXForwardedHost,
    timeouts,
    retry: compileRetryPolicy(action.retryPolicy ?? context.retryPolicy, timeouts.timeoutMs),
    mirrors: compileMirrors(mirrors),
    hashPolicies: compileHashPolicies(action.hashPolicy),
    upgrades: compileUpgrades(action),
    rules: context.shared.rules.share(compileForwardingRules(action, message.perRequestBufferLimitBytes, context)),
    includeAttemptCount: context.includeAttemptCount,
    includeAttemptCountInResponse: context.includeAttemptCountInResponse,
    priority: action.priority === RoutingPriority.HIGH ? 'high' : 'default',
  };
}

function rateLimitsOf(
  message: Route,
  action: RouteAction,
  { rateLimits: virtualHost }: RouteContext,
): { readonly rateLimits?: RouteRateLimits } {
  const route = compileRouteRateLimits(action.rateLimits);
  if (route.length === 0 && virtualHost.length === 0) return {};
  const includeVirtualHost = action.includeVhRateLimits ?? false;
  return { rateLimits: { route, virtualHost, includeVirtualHost, metadata: message.metadata?.filterMetadata ?? {} } };
}

function compileAnswer(message: Route, context: RouteContext, answer: AnswerAction['answer']): AnswerAction {
  const levels = [message.typedPerFilterConfig, ...context.filterConfigs];
  return {
    kind: 'answer',
    route: compiledRoute(message, context),
    answer,
    responseHeaders: orderChanges(context.headers, compileLevel(message), NO_CHANGES).response,
    fault: faultOf(levels, context.filters),
    filterConfigs: filterConfigsOf(levels, context.filters),
  };
}
