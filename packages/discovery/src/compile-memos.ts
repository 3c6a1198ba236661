// What is kept from one snapshot to the next: computations over scopes and snapshots, by what they read.
import type { LocatedResource, Sidecar } from '@meltemi/config';
import type { Encoded } from './encoded.ts';
import { Memo } from './memo/memo.ts';
import type { Depth } from './memo/trace.ts';
import { EndpointTables } from './namespace-endpoints.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { NamespaceScope, ProxyScope } from './scope.ts';
import type { Snapshot } from './snapshot.ts';

/** What the resources of a proxy are computed from. */
export interface ScopeSources {
  readonly scope: ProxyScope;
  readonly snapshot: Snapshot;
  readonly [source: string]: unknown;
}

export interface NamespaceSources {
  readonly snapshot: Snapshot;
  readonly namespace: string;
  readonly sidecar: LocatedResource<Sidecar> | undefined;
  readonly [source: string]: unknown;
}

/** The kinds of resources that follow from one proxy's scope. */
export interface ScopeMemos {
  readonly clusters: Memo<ScopeSources, Encoded>;
  readonly listeners: Memo<ScopeSources, Encoded>;
  readonly routes: Memo<ScopeSources, Encoded>;
  readonly endpoints: Memo<ScopeSources, Encoded>;
  readonly extensions: Memo<ScopeSources, Encoded>;
  readonly secrets: Memo<ScopeSources, Encoded>;
  readonly names: Memo<ScopeSources, Encoded>;
}

const SNAPSHOT: Depth = { config: {}, registry: {} };
const SCOPE: Depth = {
  node: { labels: {}, metadata: {} },
  labels: {},
  visible: { policies: {}, serviceByHost: {}, aliases: {} },
};

export class CompileMemos {
  readonly visible = new Memo<NamespaceSources, NamespaceScope>({ snapshot: SNAPSHOT });
  /** By namespace: what several proxies have alike. */
  readonly shared = scopeMemos();
  readonly endpoints = new EndpointTables();
  readonly #own = new WeakMap<ProxyNode, ScopeMemos>();

  /** Called once for each snapshot: what nobody asked for since the last but one is forgotten. */
  age(): void {
    this.visible.age();
    for (const memo of Object.values(this.shared)) (memo as Memo<ScopeSources, Encoded>).age();
    this.endpoints.age();
  }

  /** What no other proxy has. */
  own(node: ProxyNode): ScopeMemos {
    const memos = this.#own.get(node) ?? scopeMemos(1);
    this.#own.set(node, memos);
    return memos;
  }
}

/** Of one proxy what was true before is never asked for again. */
function scopeMemos(maxEntries?: number): ScopeMemos {
  const memo = () => new Memo<ScopeSources, Encoded>({ scope: SCOPE, snapshot: SNAPSHOT }, maxEntries);
  return {
    clusters: memo(),
    listeners: memo(),
    routes: memo(),
    endpoints: memo(),
    extensions: memo(),
    secrets: memo(),
    names: memo(),
  };
}
