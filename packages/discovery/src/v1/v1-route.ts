// One RouteRule, or the lack of one → a v1 route with the clusters and faults that it needs.
import { parseDuration } from '@meltemi/base';
import type { LocatedResource, RouteRule } from '@meltemi/config';
import type { Service, ServicePort } from '@meltemi/registry';
import type { FilterDocument, RetryDocument, RouteDocument } from './documents.ts';
import { faultFilters } from './fault-filter.ts';
import { compact } from './json-text.ts';
import { routeMatch } from './route-match.ts';
import { outboundCluster, type V1Cluster } from './v1-cluster.ts';
import { targetOf } from './v1-rules.ts';
import { isExternal, type V1World } from './v1-world.ts';

export interface V1Route {
  readonly document: RouteDocument;
  readonly clusters: readonly V1Cluster[];
  readonly faults: readonly FilterDocument[];
}

export function defaultRoute(cluster: V1Cluster, more: Partial<RouteDocument> = {}): V1Route {
  const document = inOrder({ prefix: '/', cluster: cluster.document.name, ...more });
  return { document, clusters: [cluster], faults: [] };
}

/** An external service goes by its name in the mesh up to the egress proxy, and by its own from there. */
export function hostRewrite({ mesh }: V1World, service: Service): Partial<RouteDocument> {
  if (!isExternal(service)) return {};
  return mesh.egressProxyAddress === '' ? { auto_host_rewrite: true } : { host_rewrite: service.host };
}

export function ruleRoute(
  world: V1World,
  rule: LocatedResource<RouteRule>,
  service: Service,
  port: ServicePort,
): V1Route {
  const { spec } = rule;
  const match = routeMatch(spec);
  const common = { ...match, ...timing(spec), ...(spec.websocketUpgrade && { use_websocket: true as const }) };
  if (spec.redirect) {
    const redirect = { path_redirect: spec.redirect.uri, host_redirect: spec.redirect.authority };
    return { document: inOrder({ ...common, ...redirect }), clusters: [], faults: [] };
  }
  const targets = targetsOf(world, rule, service, port);
  const clusters = targets.map(({ cluster }) => cluster);
  const mirror = spec.mirror && mirrored(world, rule, service, port);
  const document = inOrder({
    ...common,
    ...(!spec.rewrite?.authority && hostRewrite(world, service)),
    ...rewriteOf(spec),
    ...split(targets),
    ...mirror?.document,
    ...addedHeaders(spec),
  });
  const faults = clusters.flatMap((cluster) =>
    faultFilters(spec.httpFault, { cluster: cluster.document.name, headers: match.headers }),
  );
  return { document, clusters: [...clusters, ...(mirror?.clusters ?? [])], faults };
}

/** A second cluster gets each request too; nobody waits for its answers. */
function mirrored(world: V1World, rule: LocatedResource<RouteRule>, service: Service, port: ServicePort) {
  const mirror = rule.spec.mirror!;
  const host = targetOf(world.rules, rule, mirror);
  const other = world.serviceByHost.get(host) ?? { ...service, host };
  const cluster = outboundCluster(world, other, port, mirror.labels ?? {});
  return { document: { shadow: { cluster: cluster.document.name } }, clusters: [cluster] };
}

function addedHeaders({ appendHeaders }: RouteRule): Partial<RouteDocument> {
  if (!appendHeaders) return {};
  const names = Object.keys(appendHeaders).sort();
  return { request_headers_to_add: names.map((key) => ({ key, value: appendHeaders[key]! })) };
}

interface Target {
  readonly cluster: V1Cluster;
  readonly weight: number;
}

/** Without destinations, the service as a whole. A destination may be another service, on the same port. */
function targetsOf(
  world: V1World,
  rule: LocatedResource<RouteRule>,
  service: Service,
  port: ServicePort,
): readonly Target[] {
  const written = rule.spec.route ?? [];
  if (written.length === 0) return [{ cluster: outboundCluster(world, service, port, {}), weight: 100 }];
  return written.map(({ destination, labels, weight = 0 }) => {
    const host = destination ? targetOf(world.rules, rule, destination) : service.host;
    const other = world.serviceByHost.get(host) ?? { ...service, host };
    const version = labels ?? destination?.labels ?? {};
    return { cluster: outboundCluster(world, other, port, version), weight };
  });
}

function split(targets: readonly Target[]): Pick<RouteDocument, 'cluster' | 'weighted_clusters'> {
  if (targets.length === 1) return { cluster: targets[0]!.cluster.document.name };
  const clusters = targets.map(({ cluster, weight }) => ({ name: cluster.document.name, weight }));
  return { weighted_clusters: { clusters } };
}

function rewriteOf({ rewrite }: RouteRule): Partial<RouteDocument> {
  return compact<Partial<RouteDocument>>({
    prefix_rewrite: rewrite?.uri || undefined,
    host_rewrite: rewrite?.authority || undefined,
  });
}

const RETRY_ON = '5xx,connect-failure,refused-stream';

function timing({ httpReqTimeout, httpReqRetries }: RouteRule): Pick<RouteDocument, 'timeout_ms' | 'retry_policy'> {
  const timeout = parseDuration(httpReqTimeout?.simpleTimeout?.timeout ?? '0') ?? 0;
  const retry = httpReqRetries?.simpleRetry;
  const perTry = parseDuration(retry?.perTryTimeout ?? '0') ?? 0;
  const retries: RetryDocument | undefined =
    retry && retry.attempts > 0
      ? { retry_on: RETRY_ON, num_retries: retry.attempts, ...(perTry > 0 && { per_try_timeout_ms: perTry }) }
      : undefined;
  return { ...(timeout > 0 && { timeout_ms: timeout }), ...(retries && { retry_policy: retries }) };
}

/** The members in the order in which Pilot wrote them. */
export function inOrder(route: {
  readonly [Key in keyof RouteDocument]?: RouteDocument[Key] | undefined;
}): RouteDocument {
  return compact<RouteDocument>({
    path: route.path,
    prefix: route.prefix,
    regex: route.regex,
    prefix_rewrite: route.prefix_rewrite,
    host_rewrite: route.host_rewrite,
    path_redirect: route.path_redirect,
    host_redirect: route.host_redirect,
    cluster: route.cluster,
    weighted_clusters: route.weighted_clusters,
    headers: route.headers,
    timeout_ms: route.timeout_ms,
    retry_policy: route.retry_policy,
    opaque_config: route.opaque_config,
    auto_host_rewrite: route.auto_host_rewrite,
    use_websocket: route.use_websocket,
    shadow: route.shadow,
    request_headers_to_add: route.request_headers_to_add,
  });
}
