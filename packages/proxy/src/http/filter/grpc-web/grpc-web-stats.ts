// Counts gRPC-Web calls by cluster, service and method.
import type { StatsScope, StatsStore } from '@meltemi/telemetry';

/** Methods counted each under its own name; clients may invent more. */
const METHODS_LIMIT = 1_000;

export class GrpcWebStats {
  readonly #stats: StatsStore;
  readonly #scopes = new Map<string, StatsScope>();
  readonly #methods = new Set<string>();

  constructor(stats: StatsStore) {
    this.#stats = stats;
  }

  /** `path`: `/service/method`. Without a status, and of another path, nothing is counted. */
  count(cluster: string, path: string, status: string | undefined): void {
    if (status === undefined) return;
    const [, service, method] = /^\/([^/?]+)\/([^/?]+)(?:\?|$)/.exec(path) ?? [];
    if (!service || !method) return;
    const prefix = `grpc-web.${service}.${method}.`;
    if (!this.#mayCount(prefix)) return;
    const scope = this.#scopeOf(cluster);
    if (/^\d{1,2}$/.test(status)) scope.counter(prefix + status).increment();
    scope.counter(`${prefix}${status === '0' ? 'success' : 'failure'}`).increment();
    scope.counter(`${prefix}total`).increment();
  }

  close(): void {
    for (const scope of this.#scopes.values()) scope.close();
  }

  #mayCount(prefix: string): boolean {
    if (this.#methods.size < METHODS_LIMIT) this.#methods.add(prefix);
    return this.#methods.has(prefix);
  }

  #scopeOf(cluster: string): StatsScope {
    const known = this.#scopes.get(cluster);
    if (known) return known;
    const scope = this.#stats.scope('cluster', { cluster_name: cluster });
    this.#scopes.set(cluster, scope);
    return scope;
  }
}
