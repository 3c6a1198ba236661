// Turns a request into a decision by a compiled route table.
import { type Dice, rollInteger } from '@meltemi/base';
import { type CorsAnswer, corsFor } from './cors.ts';
import type { CompiledRoute, Decision, Explanation, ExplainStep, FaultDecision, TraceSink } from './decision.ts';
import { faultFor } from './fault.ts';
import { NO_FILTER_CONFIGS, type RouteFilterConfigs } from './route-filter-config.ts';
import { hedgesRequest } from './forwarding-rules.ts';
import { hashOf, type HashResult } from './hash-policy.ts';
import type { HeaderChange } from './header-change.ts';
import { findHost } from './host-table.ts';
import { mirrorsFor } from './mirror.ts';
import { withoutQuery } from './path.ts';
import { tlsLocation } from './redirect.ts';
import type { RequestView } from './request-view.ts';
import { formatRetryOn, retryFor } from './retry-policy.ts';
import type { AnswerAction, ForwardAction } from './route-entry.ts';
import { findRoute, type RouteList } from './route-list.ts';
import type { RouteTable } from './route-table.ts';
import { clusterOf, pickTarget, type Target } from './target.ts';
import { maxStreamDurationFor, timeoutFor } from './timeouts.ts';
import type { VirtualHostEntry } from './virtual-host.ts';

/** Pure: the same table, request and dice give the same decision. */
export function decide(table: RouteTable, request: RequestView, dice: Dice): Decision {
  return decideTraced(table, request, dice, undefined);
}

/** The same decision with every step that led to it. */
export function explain(table: RouteTable, request: RequestView, dice: Dice): Explanation {
  const steps: ExplainStep[] = [];
  const decision = decideTraced(table, request, dice, { add: (step) => void steps.push(step) });
  return { decision, steps };
}

const NO_VIRTUAL_HOST: Decision = { kind: 'not-found', reason: 'no virtual host' };
const NO_ROUTE: Decision = { kind: 'not-found', reason: 'no route' };

function decideTraced(table: RouteTable, request: RequestView, dice: Dice, trace: TraceSink | undefined): Decision {
  const virtualHost = findVirtualHost(table, request, trace);
  if (!virtualHost) return NO_VIRTUAL_HOST;
  if (virtualHost.requireTls !== 'none' && mustUseTls(virtualHost, request)) return redirectToTls(virtualHost, request);
  const path = withoutQuery(request.path);
  // One number serves every fraction and weight on the way, so equal fractions of successive routes add up, as in Envoy.
  const chance = virtualHost.rolls ? rollInteger(dice) : 0;
  const entry = findRoute(routesFor(virtualHost, request, trace), request, path, chance, trace);
  if (!entry) return NO_ROUTE;
  const { action } = entry;
  if (action.kind === 'answer') return answer(action, request, dice, trace);
  return forward(action, pickTarget(action.targets, request, chance, trace), request, dice, trace);
}

function findVirtualHost(
  table: RouteTable,
  request: RequestView,
  trace: TraceSink | undefined,
): VirtualHostEntry | undefined {
  const match = findHost(table.hosts, request.authority, table.ignorePort);
  trace?.add({
    subject: 'virtual host',
    name: match?.target.name ?? '',
    source: match?.target.source ?? match?.target.config,
    outcome: match ? 'matched' : 'missed',
    reason: match
      ? `domain "${match.domain}" covers "${request.authority}"`
      : `no domain of ${table.name} covers "${request.authority}"`,
  });
  return match?.target;
}

function mustUseTls(virtualHost: VirtualHostEntry, request: RequestView): boolean {
  if (request.scheme === 'https') return false;
  return virtualHost.requireTls === 'all' || request.headers.get('x-envoy-internal') !== 'true';
}

function redirectToTls(virtualHost: VirtualHostEntry, request: RequestView): Decision {
  return {
    kind: 'redirect',
    route: virtualHost.tlsRoute,
    status: 301,
    location: tlsLocation(request),
    responseHeaders: [],
    fault: undefined,
    filterConfigs: NO_FILTER_CONFIGS,
  };
}

/** The routes that are tried: of a virtual host with a match tree, those that it leads to. */
function routesFor(virtualHost: VirtualHostEntry, request: RequestView, trace: TraceSink | undefined): RouteList {
  const { tree, list, name, source, config } = virtualHost;
  if (!tree) return list;
  const chosen = tree.choose(request);
  trace?.add({
    subject: 'match tree',
    name,
    source: source ?? config,
    outcome: chosen ? 'matched' : 'missed',
    reason: chosen ? `it leads to ${chosen.routes.length} routes` : 'nothing in it matches',
  });
  return chosen ?? list;
}

function answer(action: AnswerAction, request: RequestView, dice: Dice, trace: TraceSink | undefined): Decision {
  const { route, responseHeaders, filterConfigs } = action;
  const fault = action.fault && faultFor(action.fault, request, '', dice, trace);
  if (action.answer.kind === 'direct') {
    const { status, body } = action.answer;
    return { kind: 'direct', route, status, body, responseHeaders, fault, filterConfigs };
  }
  const { status, location } = action.answer;
  return { kind: 'redirect', route, status, location: location(request), responseHeaders, fault, filterConfigs };
}

// The hot path: for a plain route it makes one object, the decision, and nothing else.
function forward(
  action: ForwardAction,
  target: Target,
  request: RequestView,
  dice: Dice,
  trace: TraceSink | undefined,
): Decision {
  const { route } = action;
  const cluster = clusterOf(target, request);
  const fault = target.fault && faultFor(target.fault, request, cluster, dice, trace);
  const cors = target.cors && corsFor(target.cors, request, dice, trace);
  if (cors?.kind === 'preflight') return preflight(route, cors, fault, target.filterConfigs);
  const unrewritten = target.authority ?? request.authority;
  const rewritten = action.rewriteHost?.(request, target.headers.request);
  const timeoutMs = timeoutFor(action.timeouts, request);
  const retry = retryFor(action.retry, request, timeoutMs);
  const hash = action.hashPolicies.length > 0 ? hashOf(action.hashPolicies, request, dice) : undefined;
  trace?.add(timeoutStep(timeoutMs, route));
  trace?.add(retryStep(retry, route));
  return {
    kind: 'route',
    route,
    cluster,
    clusterNotFoundStatus: action.clusterNotFoundStatus,
    path: action.rewritePath ? action.rewritePath(request.path) : request.path,
    originalPath: action.rewritePath && request.path,
    authority: rewritten ?? unrewritten,
    originalHost: rewritten === undefined || rewritten === unrewritten ? undefined : unrewritten,
    autoHostRewrite: action.autoHostRewrite,
    appendForwardedHost: action.appendForwardedHost,
    timeoutMs,
    idleTimeoutMs: action.timeouts.idleTimeoutMs,
    maxStreamDurationMs: maxStreamDurationFor(action.timeouts, request),
    retry,
    requestHeaders: target.headers.request,
    responseHeaders: responseHeaders(target, hash, cors),
    fault,
    filterConfigs: target.filterConfigs,
    mirrors: mirrorsFor(action.mirrors, request, dice, trace),
    hash: hash?.hash,
    upgrades: action.upgrades,
    rules: action.rules,
    hedged: hedgesRequest(action.rules, request),
    includeAttemptCount: action.includeAttemptCount,
    includeAttemptCountInResponse: action.includeAttemptCountInResponse,
    priority: action.priority,
    subset: target.subset,
  };
}

function responseHeaders(
  target: Target,
  hash: HashResult | undefined,
  cors: CorsAnswer | undefined,
): readonly HeaderChange[] {
  const configured = target.headers.response;
  if (!cors && !hash?.cookies.length) return configured;
  return [...configured, ...(hash?.cookies ?? []), ...(cors?.responseHeaders ?? [])];
}

function preflight(
  route: CompiledRoute,
  { responseHeaders }: CorsAnswer,
  fault: FaultDecision | undefined,
  filterConfigs: RouteFilterConfigs,
): Decision {
  return { kind: 'cors-preflight', route, status: 200, responseHeaders, fault, filterConfigs };
}

function timeoutStep(timeoutMs: number, route: CompiledRoute): ExplainStep {
  const reason = timeoutMs === 0 ? 'no limit' : `${timeoutMs} ms from the end of the request`;
  return { subject: 'timeout', name: route.name, source: route.source, outcome: 'matched', reason };
}

function retryStep(retry: ReturnType<typeof retryFor>, route: CompiledRoute): ExplainStep {
  const on = retry?.on ?? 0;
  const reason = on === 0 ? 'no retries' : `${retry!.numRetries} more on ${formatRetryOn(on)}`;
  return { subject: 'retry', name: route.name, source: route.source, outcome: on === 0 ? 'missed' : 'matched', reason };
}
