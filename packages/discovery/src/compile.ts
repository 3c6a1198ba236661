// Turns a snapshot into what each proxy is to have: scope → inputs → generate → encode.
import type { Problem } from '@meltemi/base';
import { CompileMemos, type ScopeSources } from './compile-memos.ts';
import { type Encoded, reusedEncoded } from './encoded.ts';
import type { FragmentCache } from './fragment-cache.ts';
import { callerNearness } from './input/caller-nearness.ts';
import { plainServers } from './input/plain-servers.ts';
import type { Memo } from './memo/memo.ts';
import { networkView } from './input/networks.ts';
import { type EndpointSources } from './namespace-endpoints.ts';
import type { ProxyNode } from './proxy-node.ts';
import { madeWhenAsked, NO_RESOURCES, type ProxyResources } from './resources.ts';
import { JoinedTable, type ResourceTable } from './resource-table.ts';
import {
  type NamespaceScope,
  namespaceScope,
  type Proxy,
  proxyOf,
  type ProxyScope,
  proxyScope,
  reusedScope,
} from './scope.ts';
import type { Snapshot } from './snapshot.ts';
import { OWN, SHARED, type Step } from './compile-steps.ts';

/** The resources of one snapshot, made as proxies ask for them. */
export class SnapshotResources {
  readonly snapshot: Snapshot;
  readonly #cache: FragmentCache;
  readonly #memos: CompileMemos;
  readonly #problems = new Map<string, Problem>();

  constructor(snapshot: Snapshot, cache: FragmentCache, memos = new CompileMemos()) {
    this.snapshot = snapshot;
    this.#cache = cache;
    this.#memos = memos;
    memos.age();
  }

  /** Resources that could not be made. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  /** Each type is made when it is first asked for: few ask for all. `proven`: it has shown to be of its namespace. */
  resourcesOf(node: ProxyNode, proven = false): ProxyResources {
    const proxy = proxyOf(this.snapshot, node);
    const group = groupOf(proxy);
    const visible = this.#visible(group, proxy);
    const scope = proxyScope(this.snapshot, visible, proxy);
    return madeWhenAsked({
      CDS: () => both(this.#shared('clusters', group, scope), this.#own('clusters', scope)),
      EDS: () => both(this.#endpoints(group, visible, proxy), this.#own('endpoints', scope)),
      LDS: () => both(this.#own('listeners', scope), this.#shared('listeners', group, scope)),
      RDS: () => this.#shared('routes', group, scope),
      SDS: () => (proven ? this.#own('secrets', scope) : NO_RESOURCES.SDS),
      ECDS: () => this.#own('extensions', scope),
      NDS: () => this.#shared('names', group, scope),
    });
  }

  /** Proxies of several networks dial the same endpoints by several ways, and those of several localities in other orders. */
  #endpoints(group: string, visible: NamespaceScope, { node, labels }: Proxy): ResourceTable {
    const { registry, mesh } = this.snapshot;
    const networks = networkView(mesh.networks, node, registry);
    const nearness = callerNearness(visible.policies, { node, labels, mesh });
    const sources: EndpointSources = { visible, registry, plain: plainServers(this.snapshot), networks, nearness };
    const callers = `${group}${networks?.own ?? ''}${nearness?.key ?? ''}`;
    return this.#said(this.#memos.endpoints.of(callers, sources, this.#cache));
  }

  #visible(group: string, { node, sidecar, selecting }: Proxy): NamespaceScope {
    const { namespace } = node;
    const from = { snapshot: this.snapshot, namespace, sidecar };
    return this.#memos.visible.result(group, from, (seen, last) =>
      reusedScope(last, namespaceScope(seen.snapshot, namespace, { sidecar, selecting, node })),
    );
  }

  /** What several proxies may have alike. */
  #shared(kind: keyof typeof SHARED, group: string, scope: ProxyScope): ResourceTable {
    const { proxied, proxyless } = SHARED[kind];
    return this.#remembered(this.#memos.shared[kind], group, scope, scope.node.proxyless ? proxyless : proxied);
  }

  #own(kind: keyof typeof OWN, scope: ProxyScope): ResourceTable {
    const { proxied, proxyless } = OWN[kind];
    return this.#remembered(this.#memos.own(scope.node)[kind], '', scope, scope.node.proxyless ? proxyless : proxied);
  }

  #remembered(memo: Memo<ScopeSources, Encoded>, group: string, scope: ProxyScope, step: Step): ResourceTable {
    const from = { scope, snapshot: this.snapshot };
    return this.#said(memo.result(group, from, (seen, last) => reusedEncoded(last, step(seen, this.#cache))));
  }

  #said({ table, problems }: Encoded): ResourceTable {
    for (const problem of problems) this.#problems.set(problem.message, problem);
    return table;
  }
}

/** Proxies of one group see the same, and have much alike. A placed one has its own ports. */
function groupOf({ node, sidecar, redirected, selecting }: Proxy): string {
  const own = redirected || node.kind === 'router' ? '' : node.id;
  return JSON.stringify([
    node.namespace,
    node.proxyless ? 'grpc' : node.kind,
    node.mixerFilter,
    own,
    node.catchesDns,
    sidecar?.metadata.namespace,
    sidecar?.metadata.name,
    ...selecting,
  ]);
}

function both(one: ResourceTable, other: ResourceTable): ResourceTable {
  if (one.size === 0) return other;
  return other.size === 0 ? one : new JoinedTable([one, other]);
}
