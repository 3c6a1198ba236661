// One RouteRule → one HTTP route.
import type { Labels } from '@meltemi/base';

import type { Destination } from '../model/destination.ts';
import type { IstioService, MatchCondition, RouteRule, RuleFault } from '../model/route-rule.ts';
import type { HttpFault, HttpMatch, HttpRetry, HttpRoute, HttpRouteDestination } from '../model/virtual-service.ts';
import { defined } from './defined.ts';

/** What a rule cannot say by itself. */
export interface RouteRuleWorld {
  /** The full name of a service. */
  host(service: IstioService): string;
  /** The name of the subset of a host's pods with the labels. */
  subset(host: string, labels: Labels): string;
  /** The labels by which the pods of a service are known. */
  selector(service: IstioService): Labels;
}

export function routeRuleToHttp(name: string, rule: RouteRule, world: RouteRuleWorld): HttpRoute {
  const match = rule.match && convertMatch(rule.match, world);
  return defined<HttpRoute>({
    name,
    match: match && Object.keys(match).length > 0 ? [match] : undefined,
    ...(rule.redirect ? { redirect: rule.redirect } : { route: convertRoutes(rule, world) }),
    rewrite: rule.rewrite,
    timeout: rule.httpReqTimeout?.simpleTimeout?.timeout,
    retries: convertRetries(rule),
    fault: rule.httpFault && convertFault(rule.httpFault),
    mirror: rule.mirror && destinationOf(rule.mirror, rule.mirror.labels, world),
    headers: rule.appendHeaders && { request: { add: rule.appendHeaders } },
  });
}

/** True when the rule takes every request, so that none after it is reached. */
export function matchesAll(route: HttpRoute): boolean {
  return route.match === undefined;
}

/** The keys of `headers` that mean the request line: https://archive.istio.io/v0.2 RouteRule, MatchRequest. */
const REQUEST_FIELDS = ['uri', 'scheme', 'method', 'authority'] as const;

function convertMatch(match: MatchCondition, world: RouteRuleWorld): HttpMatch {
  const written = match.request?.headers ?? {};
  const isRequestField = (key: string): boolean => (REQUEST_FIELDS as readonly string[]).includes(key);
  const headers = Object.entries(written).filter(([key]) => !isRequestField(key));
  const fields = Object.entries(written).filter(([key]) => isRequestField(key));
  return defined<HttpMatch>({
    ...Object.fromEntries(fields),
    headers: headers.length > 0 ? Object.fromEntries(headers) : undefined,
    ...(match.source && convertSource(match.source, world)),
  });
}

function convertSource(
  source: IstioService,
  world: RouteRuleWorld,
): Pick<HttpMatch, 'sourceLabels' | 'sourceNamespace'> {
  const named = source.name !== undefined || source.service !== undefined;
  const sourceLabels = { ...(named && world.selector(source)), ...source.labels };
  return defined({
    sourceLabels: Object.keys(sourceLabels).length > 0 ? sourceLabels : undefined,
    sourceNamespace: source.namespace,
  });
}

function convertRoutes(rule: RouteRule, world: RouteRuleWorld): readonly HttpRouteDestination[] {
  if (!rule.route || rule.route.length === 0) return [{ destination: { host: world.host(rule.destination) } }];
  return rule.route.map(({ labels, weight, destination }) =>
    defined<HttpRouteDestination>({
      destination: destinationOf(destination ?? rule.destination, labels ?? destination?.labels, world),
      weight,
    }),
  );
}

function destinationOf(service: IstioService, labels: Labels | undefined, world: RouteRuleWorld): Destination {
  const host = world.host(service);
  if (!labels || Object.keys(labels).length === 0) return { host };
  return { host, subset: world.subset(host, labels) };
}

/** What Istio 0.2 retried on. */
const RETRY_ON = '5xx,connect-failure,refused-stream';

function convertRetries(rule: RouteRule): HttpRetry | undefined {
  const retry = rule.httpReqRetries?.simpleRetry;
  return (
    retry && defined<HttpRetry>({ attempts: retry.attempts, perTryTimeout: retry.perTryTimeout, retryOn: RETRY_ON })
  );
}

/** Percentages are written out: in the old form none means never, in today's always. */
function convertFault({ delay, abort }: RuleFault): HttpFault {
  return defined<HttpFault>({
    delay:
      delay?.fixedDelay === undefined
        ? undefined
        : { fixedDelay: delay.fixedDelay, percentage: { value: delay.percent ?? 0 } },
    abort:
      abort?.httpStatus === undefined
        ? undefined
        : { httpStatus: abort.httpStatus, percentage: { value: abort.percent ?? 0 } },
  });
}
