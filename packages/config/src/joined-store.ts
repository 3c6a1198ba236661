// Several stores → one view: what all of them say together, checked against each other.
import { ViewBuilder } from './build-view.ts';
import type { StoreContents, Watch } from './store.ts';
import { uniqueResources } from './unique-resources.ts';
import type { ConfigView } from './view.ts';

/** A store as it is joined. */
export interface JoinableStore {
  contents(): StoreContents;
  watch(listener: () => void): Watch;
}

/** Follows its stores and leaves it to their owner to close them. Of two objects with one name the older holds. */
export class JoinedStore {
  readonly #stores: readonly JoinableStore[];
  readonly #views: ViewBuilder;
  readonly #listeners = new Set<(view: ConfigView) => void>();
  readonly #watches: readonly Watch[];
  #view: ConfigView;

  constructor(stores: readonly JoinableStore[], domain?: string) {
    this.#stores = stores;
    this.#views = new ViewBuilder(domain);
    this.#view = this.#build();
    this.#watches = stores.map((store) => store.watch(() => this.#changed()));
  }

  view(): ConfigView {
    return this.#view;
  }

  watch(listener: (view: ConfigView) => void): Watch {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#listeners.clear();
  }

  #changed(): void {
    const view = this.#build();
    if (view.version === this.#view.version) return;
    this.#view = view;
    for (const listener of this.#listeners) listener(view);
  }

  #build(): ConfigView {
    const contents = this.#stores.map((store) => store.contents());
    const unique = uniqueResources(contents.flatMap(({ resources }) => resources));
    return this.#views.build(unique.resources, [...contents.flatMap(({ problems }) => problems), ...unique.problems]);
  }
}
