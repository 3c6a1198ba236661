// Turns the destinations of a route, with timeouts, retries, rewrites and mirrors, into a forwarding action.
import { parseDuration } from '@meltemi/base';
import type { ConsistentHash, Destination, HttpRetry, HttpRoute, HttpRouteDestination } from '@meltemi/config';
import type { ResolvedDestination } from './destination-resolver.ts';
import { millionths } from './fault-input.ts';
import { headerChangesInput, NO_HEADER_CHANGES, rewrittenHost } from './header-changes-input.ts';
import type {
  HashPolicyInput,
  MirrorInput,
  RetryInput,
  RewriteInput,
  RouteActionInput,
  RouteMatchInput,
  WeightedClusterInput,
} from './route-input.ts';

/** A request goes on to clusters. */
type ForwardActionInput = Extract<RouteActionInput, { kind: 'forward' }>;

type Resolve = (destination: Destination) => ResolvedDestination;

/**
 * What Istio (1.24 and later) retries unless told otherwise: failures that came before the upstream saw the request.
 * An answer of 503 is not among them: the request may have been carried out.
 */
export const DEFAULT_RETRY: RetryInput = {
  attempts: 2,
  on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  statusCodes: [],
  perTryTimeoutMs: 0,
};

/** `cutsPrefix`: to put `/` in the place of a prefix is to take it away, as it is for rules of the Gateway API. */
export function forwardAction(
  http: HttpRoute,
  { match, cutsPrefix }: { readonly match: RouteMatchInput; readonly cutsPrefix: boolean },
  resolve: Resolve,
): RouteActionInput {
  const destinations = http.route ?? [];
  const reached = destinations.length > 1 ? destinations.filter(({ weight = 0 }) => weight > 0) : destinations;
  const hash = reached.map(({ destination }) => resolve(destination).hash).find((found) => found !== undefined);
  return {
    kind: 'forward',
    clusters: weightedClusters(destinations, resolve),
    timeoutMs: (http.timeout && parseDuration(http.timeout)) || 0,
    retry: retryInput(http.retries),
    rewrite: rewriteInput(http, cutsPrefix ? match : undefined),
    mirrors: mirrorInputs(http, resolve),
    hashPolicy: hash ? hashPolicyInput(hash) : [],
    ...(hash && destinations.length === 1 && { sticks: true as const }),
  };
}

/** The action of a service that no rule routes. */
export function plainForward(cluster: string, hash: ConsistentHash | undefined): ForwardActionInput {
  return {
    kind: 'forward',
    clusters: [{ cluster, weight: 1, requestHeaders: NO_HEADER_CHANGES, responseHeaders: NO_HEADER_CHANGES }],
    timeoutMs: 0,
    retry: DEFAULT_RETRY,
    rewrite: undefined,
    mirrors: [],
    hashPolicy: hash ? hashPolicyInput(hash) : [],
  };
}

/**
 * A destination of weight 0 gets nothing; where no weight is written at all, each gets the same. What a single one
 * changes in headers is written to its route.
 */
function weightedClusters(destinations: readonly HttpRouteDestination[], resolve: Resolve): WeightedClusterInput[] {
  const weighted = destinations.filter(({ weight }) => (weight ?? 0) > 0);
  const chosen = weighted.length > 0 ? weighted : destinations;
  const single = destinations.length === 1;
  return chosen.map(({ destination, weight, headers: { request, response } = {} }) => ({
    cluster: resolve(destination).cluster,
    weight: weight || 1,
    requestHeaders: (!single && headerChangesInput(request)) || NO_HEADER_CHANGES,
    responseHeaders: (!single && headerChangesInput(response)) || NO_HEADER_CHANGES,
  }));
}

/** Undefined: nothing is tried again. */
export function retryInput(retries: HttpRetry | undefined): RetryInput | undefined {
  if (!retries) return DEFAULT_RETRY;
  const attempts = retries.attempts ?? 0;
  if (attempts <= 0) return undefined;
  const perTryTimeoutMs = (retries.perTryTimeout && parseDuration(retries.perTryTimeout)) || 0;
  const backOffMs = retries.backoff === undefined ? undefined : parseDuration(retries.backoff);
  return {
    ...retryConditions(retries.retryOn),
    attempts,
    perTryTimeoutMs,
    ...(retries.retryIgnorePreviousHosts !== undefined && { otherHosts: retries.retryIgnorePreviousHosts }),
    ...(retries.retryRemoteLocalities && { otherLocalities: true as const }),
    ...(backOffMs !== undefined && { backOffMs }),
  };
}

/** Numbers among the conditions are status codes. */
function retryConditions(retryOn: string | undefined): Pick<RetryInput, 'on' | 'statusCodes'> {
  if (!retryOn) return { on: DEFAULT_RETRY.on, statusCodes: DEFAULT_RETRY.statusCodes };
  const words = retryOn.split(',').map((word) => word.trim());
  const statusCodes = words.filter((word) => /^\d+$/.test(word)).map(Number);
  const named = words.filter((word) => word !== '' && !/^\d+$/.test(word));
  if (statusCodes.length > 0 && !named.includes('retriable-status-codes')) named.push('retriable-status-codes');
  return { on: named.join(','), statusCodes };
}

function rewriteInput(http: HttpRoute, cut: RouteMatchInput | undefined): RewriteInput | undefined {
  const authority = http.rewrite?.authority ?? rewrittenHost(http.headers?.request);
  const uri = http.rewrite?.uri ?? '';
  const said = http.rewrite?.uriRegexRewrite;
  if (!authority && !uri && !said) return undefined;
  const uriRegex = said ? { match: said.match, rewrite: said.rewrite } : cut && slashRewrite(uri, cut);
  return { uri: uriRegex ? '' : uri, uriRegex, authority };
}

/** `/login` rewritten to `/` must turn `/login/x` into `/x`, not into `//x`: Istio does it by a regular expression. */
function slashRewrite(uri: string, { path }: RouteMatchInput): RewriteInput['uriRegex'] {
  if (uri !== '/' || path.kind !== 'prefix' || path.value.endsWith('/')) return undefined;
  return { match: `^${path.value.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(/?)(.*)`, rewrite: '/\\2' };
}

function mirrorInputs(http: HttpRoute, resolve: Resolve): MirrorInput[] {
  const share = http.mirrorPercentage ?? (http.mirrorPercent === undefined ? undefined : { value: http.mirrorPercent });
  const single = http.mirror ? [{ destination: http.mirror, ...(share && { percentage: share }) }] : [];
  return [...single, ...(http.mirrors ?? [])]
    .map(({ destination, percentage }) => ({
      cluster: resolve(destination).cluster,
      millionths: percentage ? millionths({ percentage }) : 1_000_000,
    }))
    .filter((mirror) => mirror.millionths > 0);
}

function hashPolicyInput(hash: ConsistentHash): HashPolicyInput[] {
  if (hash.httpHeaderName) return [{ kind: 'header', name: hash.httpHeaderName.toLowerCase() }];
  if (hash.httpQueryParameterName) return [{ kind: 'query', name: hash.httpQueryParameterName }];
  if (hash.useSourceIp) return [{ kind: 'source-ip' }];
  if (!hash.httpCookie) return [];
  const { name, path, ttl } = hash.httpCookie;
  return [{ kind: 'cookie', name, path: path ?? '', ttlMs: ttl === undefined ? undefined : (parseDuration(ttl) ?? 0) }];
}
