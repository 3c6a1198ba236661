// VirtualServices, for the release that knew both → the RouteRules that say the same.
import { resolveHost } from '@meltemi/base';
import type {
  DestinationRule,
  HttpFault,
  HttpMatch,
  HttpRoute,
  LocatedResource,
  RouteRule,
  VirtualService,
} from '@meltemi/config';
import { compact } from './json-text.ts';

export interface NewerRules {
  readonly virtualServices: readonly LocatedResource<VirtualService>[];
  readonly destinationRules: readonly LocatedResource<DestinationRule>[];
  readonly domain: string;
}

/** One rule a host, route and match. The names keep the order of the routes. */
export function virtualServiceRules(newer: NewerRules): readonly LocatedResource<RouteRule>[] {
  return newer.virtualServices.filter(isForSidecars).flatMap((virtualService) => {
    const { metadata, spec } = virtualService;
    const rules = spec.hosts.flatMap((host) =>
      (spec.http ?? []).flatMap((route) =>
        (route.match ?? [undefined]).map((match) => ruleOf(newer, virtualService, { host, route, match })),
      ),
    );
    return rules.map((rule, index) => {
      const name = `${metadata.name}-${String(index).padStart(5, '0')}`;
      return { ...virtualService, metadata: { ...metadata, name }, spec: rule };
    });
  });
}

/** `mesh` stands for all sidecars. */
function isForSidecars({ spec }: LocatedResource<VirtualService>): boolean {
  return spec.gateways === undefined || spec.gateways.includes('mesh');
}

interface Part {
  readonly host: string;
  readonly route: HttpRoute;
  readonly match: HttpMatch | undefined;
}

function ruleOf(newer: NewerRules, { metadata }: LocatedResource, { host, route, match }: Part): RouteRule {
  const full = (written: string): string => resolveHost(written, metadata.namespace, newer.domain);
  const { redirect, rewrite, timeout, retries, fault } = route;
  return compact<RouteRule>({
    destination: { service: full(host) },
    match: match && matchOf(match),
    route: route.route?.map(({ destination, weight = 0 }) => ({
      destination: { service: full(destination.host) },
      labels: subsetLabels(newer, full(destination.host), destination.subset),
      weight,
    })),
    redirect: redirect && partsOf(redirect),
    rewrite: rewrite && partsOf(rewrite),
    httpReqTimeout: timeout === undefined ? undefined : { simpleTimeout: { timeout } },
    httpReqRetries: retries && {
      simpleRetry: compact({ attempts: retries.attempts ?? 0, perTryTimeout: retries.perTryTimeout }),
    },
    httpFault: fault && faultOf(fault),
  });
}

function matchOf({
  uri,
  scheme,
  method,
  authority,
  headers,
  sourceLabels,
}: HttpMatch): NonNullable<RouteRule['match']> {
  return compact<NonNullable<RouteRule['match']>>({
    source: sourceLabels && { labels: sourceLabels },
    request: { headers: compact({ uri, scheme, method, authority, ...headers }) },
  });
}

function partsOf({ uri, authority }: { readonly uri?: string; readonly authority?: string }) {
  return compact<{ readonly uri?: string; readonly authority?: string }>({ uri, authority });
}

function faultOf({ delay, abort }: HttpFault): NonNullable<RouteRule['httpFault']> {
  return compact<NonNullable<RouteRule['httpFault']>>({
    delay: delay && { percent: percentOf(delay), fixedDelay: delay.fixedDelay },
    abort: abort && compact({ percent: percentOf(abort), httpStatus: abort.httpStatus }),
  });
}

/** Without a percentage every request is meant. */
function percentOf(part: { readonly percentage?: { readonly value?: number }; readonly percent?: number }): number {
  return part.percentage?.value ?? part.percent ?? 100;
}

/** A subset that nobody defines has no labels: its traffic goes to all. */
function subsetLabels({ destinationRules, domain }: NewerRules, host: string, name: string | undefined) {
  if (name === undefined) return {};
  const subsets = destinationRules
    .filter(({ spec, metadata }) => resolveHost(spec.host, metadata.namespace, domain) === host)
    .flatMap(({ spec }) => spec.subsets ?? []);
  return subsets.find((subset) => subset.name === name)?.labels ?? {};
}
