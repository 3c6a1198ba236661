// Keeps what was decided for a request: at the first question, by the request as it is then, and anew when it was changed.
import {
  type CompiledRoute,
  type Decision,
  decide,
  type HeaderChange,
  NO_FILTER_CONFIGS,
  type RouteDecision,
  type RouteFilterConfig,
  type RouteFilterConfigs,
} from '@meltemi/decide';
import type { Cluster } from '../cluster/cluster.ts';
import type { HttpSite } from './http-site.ts';
import type { StreamEntry } from './stream-entry.ts';

const NO_ROUTES: Decision = { kind: 'not-found', reason: 'no virtual host' };
const NO_CHANGES: readonly HeaderChange[] = [];
const NO_CONFIGS: readonly RouteFilterConfig[] = [];

/** One a connection, for one request after the other. */
export class RouteChoice {
  readonly #site: HttpSite;
  readonly #entry: StreamEntry;
  #decision: Decision | undefined;

  constructor(site: HttpSite, entry: StreamEntry) {
    this.#site = site;
    this.#entry = entry;
  }

  decision(): Decision {
    if (this.#decision) return this.#decision;
    const { routes, dice } = this.#site;
    const decision = routes.table ? decide(routes.table, this.#entry, dice) : NO_ROUTES;
    this.#decision = decision;
    if (decision.kind !== 'not-found') this.#entry.routeName = decision.route.name;
    if (decision.kind === 'route') this.#noteCluster(decision);
    return decision;
  }

  /** Of a request that was forwarded. */
  get forwarding(): RouteDecision {
    return this.#decision as RouteDecision;
  }

  /** The next question decides anew. */
  clear(): void {
    this.#decision = undefined;
  }

  /** What was decided before, after all. */
  restore(decision: RouteDecision): void {
    this.#decision = decision;
    this.#entry.routeName = decision.route.name;
    this.#noteCluster(decision);
  }

  route(): CompiledRoute | undefined {
    const decision = this.decision();
    return decision.kind === 'not-found' ? undefined : decision.route;
  }

  cluster(): Cluster | undefined {
    const decision = this.decision();
    return decision.kind === 'route' ? this.#site.clusters.get(decision.cluster) : undefined;
  }

  filterConfigs(): RouteFilterConfigs {
    const decision = this.decision();
    return decision.kind === 'not-found' ? NO_FILTER_CONFIGS : decision.filterConfigs;
  }

  filterConfigsOf(name: string): readonly RouteFilterConfig[] {
    return this.filterConfigs().get(name) ?? NO_CONFIGS;
  }

  /** As Envoy: also of requests that are answered before they are forwarded. */
  #noteCluster({ cluster: name }: RouteDecision): void {
    const cluster = this.#site.clusters.get(name);
    this.#entry.upstreamCluster = cluster?.shownName;
    this.#entry.upstreamClusterRaw = cluster?.name;
  }

  /** 0: none. As far as it is decided. */
  get idleTimeoutMs(): number {
    const own = this.#decision?.kind === 'route' ? this.#decision.idleTimeoutMs : undefined;
    return own ?? this.#site.settings.timeouts.streamIdleMs;
  }

  /** As Envoy: what a forwarding route does to responses it does to ours; a redirect's or direct answer's route only to its own. */
  get responseChanges(): readonly HeaderChange[] {
    const { kind } = this.#decision ?? NO_ROUTES;
    return kind === 'route' || kind === 'cors-preflight' ? this.forwarding.responseHeaders : NO_CHANGES;
  }
}
