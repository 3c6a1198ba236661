// An API server as a store of configuration and platform: everything is read once before it is open, and followed from there.
import type { Clock, Dice, Logger, Timer } from '@meltemi/base';

import { ViewBuilder } from '../build-view.ts';
import type { StoreContents, Watch } from '../store.ts';
import type { ConfigView, KindName } from '../view.ts';
import { collectionPath, type ServedKind } from './collection-path.ts';
import {
  customKinds,
  type Definition,
  definitionOf,
  DEFINITIONS_PATH,
  platformKinds,
  servedKind,
} from './custom-kinds.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeCollection, type KubeItem, kubeItem } from './kube-collection.ts';
import { Reflector } from './reflector.ts';

export interface KubeStoreOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** The DNS domain of services; `cluster.local` unless told. */
  readonly domain?: string;
  /** False: only Kubernetes' own kinds; configuration comes from elsewhere. */
  readonly customResources?: boolean;
}

/** Changes that come so close together make one view. */
const HOLD_MS = 10;
/** Charts and tokens are no business of a mesh. */
const SECRETS = { fieldSelector: 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token' };

interface Followed {
  readonly collection: KubeCollection;
  readonly reflector: Reflector<KubeItem>;
  /** What was known of the kind in another version, until this one is read. */
  before: KubeCollection | undefined;
}

/** Reads and follows an API server. `view` is the last whole one, whatever happens to the server. */
export class KubeStore {
  readonly #options: KubeStoreOptions;
  readonly #listeners = new Set<(view: ConfigView) => void>();
  readonly #views: ViewBuilder;
  readonly #followed = new Map<string, Followed>();
  readonly #definitions = new Map<string, Definition>();
  #definitionReflector: Reflector<Definition> | undefined;
  #view: ConfigView;
  #hold: Timer | undefined;
  #open = false;

  private constructor(options: KubeStoreOptions) {
    this.#options = options;
    this.#views = new ViewBuilder(options.domain);
    this.#view = this.#views.build([], []);
  }

  /** Resolves when every collection was read once; until then it asks again and again. */
  static async open(options: KubeStoreOptions): Promise<KubeStore> {
    const store = new KubeStore(options);
    for (const served of platformKinds()) store.#follow(served);
    if (options.customResources !== false) await store.#followDefinitions();
    await Promise.all(Array.from(store.#followed.values(), ({ reflector }) => reflector.synced));
    store.#open = true;
    store.#rebuild();
    return store;
  }

  view(): ConfigView {
    return this.#view;
  }

  watch(listener: (view: ConfigView) => void): Watch {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** All that was read, not yet checked against each other. */
  contents(): StoreContents {
    const items = Array.from(this.#followed.values()).flatMap((followed) => [...itemsOf(followed).values()]);
    return {
      resources: items.flatMap(({ resource }) => resource ?? []),
      problems: items.flatMap(({ problems }) => problems),
    };
  }

  /** How the server has a kind; undefined where it hasn't. */
  served(kind: KindName): ServedKind | undefined {
    return this.#followed.get(kind)?.collection.served;
  }

  /** The objects of a kind by their names, with what is known of them beside what they say. */
  items(kind: KindName): ReadonlyMap<string, KubeItem> {
    const followed = this.#followed.get(kind);
    return followed ? itemsOf(followed) : new Map();
  }

  close(): void {
    this.#definitionReflector?.close();
    for (const { reflector } of this.#followed.values()) reflector.close();
    this.#hold?.cancel();
    this.#listeners.clear();
  }

  #follow(served: ServedKind, before?: KubeCollection): void {
    const { client, clock, dice, logger } = this.#options;
    const collection = new KubeCollection(served, () => this.#changed());
    const reflector = new Reflector({
      client,
      clock,
      dice,
      logger,
      path: collectionPath(served),
      ...(served.kind.kind === 'Secret' && { query: SECRETS }),
      keep: (object) => kubeItem(served, object),
      target: collection,
    });
    const followed: Followed = { collection, reflector, before };
    this.#followed.set(served.kind.kind, followed);
    if (before) void reflector.synced.then(() => this.#forget(followed));
  }

  #forget(followed: Followed): void {
    followed.before = undefined;
    this.#changed();
  }

  /** Kinds of ours are followed while they are defined. */
  async #followDefinitions(): Promise<void> {
    const { client, clock, dice, logger } = this.#options;
    const definitions = this.#definitions;
    this.#definitionReflector = new Reflector<Definition>({
      client,
      clock,
      dice,
      logger,
      path: DEFINITIONS_PATH,
      keep: definitionOf,
      target: {
        replace: (all) => {
          definitions.clear();
          for (const definition of all) definitions.set(definition.name, definition);
          this.#followDefined();
        },
        put: (definition) => {
          definitions.set(definition.name, definition);
          this.#followDefined();
        },
        remove: ({ name }) => {
          definitions.delete(name);
          this.#followDefined();
        },
      },
    });
    await this.#definitionReflector.synced;
  }

  #followDefined(): void {
    for (const kind of customKinds()) {
      const followed = this.#followed.get(kind.kind);
      const served = servedKind(kind, this.#definitions);
      if (served?.apiVersion === followed?.collection.served.apiVersion) continue;
      followed?.reflector.close();
      this.#followed.delete(kind.kind);
      if (served) this.#follow(served, followed && (followed.before ?? followed.collection));
      else this.#changed();
    }
  }

  #changed(): void {
    if (!this.#open) return;
    this.#hold ??= this.#options.clock.after(HOLD_MS, () => {
      this.#hold = undefined;
      this.#rebuild();
    });
  }

  #rebuild(): void {
    const { resources, problems } = this.contents();
    const view = this.#views.build(resources, problems);
    if (view.version === this.#view.version) return;
    this.#view = view;
    for (const listener of this.#listeners) listener(view);
  }
}

function itemsOf({ collection, before }: Followed): ReadonlyMap<string, KubeItem> {
  return (before ?? collection).items;
}
