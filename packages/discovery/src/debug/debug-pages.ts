// The debug pages, in one list, and the page that lists them.
import type { DiscoveryServer } from '../discovery-server.ts';
import { type Asked, type DebugPage, json, type Shown } from './debug-page.ts';
import { configPages } from './pages/config-pages.ts';
import { connectionPages } from './pages/connection-pages.ts';
import { meshPages, type MeshSources } from './pages/mesh-pages.ts';
import { proxyPages } from './pages/proxy-pages.ts';
import { registryPages } from './pages/registry-pages.ts';
import { syncPage } from './pages/sync-page.ts';

/** What is shown. */
export interface DebugSources extends MeshSources {
  readonly server: DiscoveryServer;
}

/** What becomes of a request for a page. */
export type Looked = Shown | { readonly kind: 'forbidden' } | { readonly kind: 'unknown' };

export class DebugPages {
  readonly #pages: ReadonlyMap<string, DebugPage>;

  constructor({ server, ...mesh }: DebugSources) {
    const pages = [
      syncPage(server),
      ...connectionPages(server),
      ...registryPages(server),
      ...configPages(server),
      ...proxyPages(server),
      ...meshPages(mesh),
    ];
    const names = pages.map(({ name }) => name).toSorted();
    const list: DebugPage = {
      name: 'list',
      help: 'List all supported debug commands in json',
      show: () => json(names),
    };
    this.#pages = new Map([...pages, list].map((page) => [page.name, page]));
  }

  /** Sorted by name. */
  get all(): readonly DebugPage[] {
    return [...this.#pages.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  look(name: string, asked: Asked): Looked {
    const page = this.#pages.get(name);
    if (asked.viewer.kind === 'namespace' && !page?.ofNamespaces) return { kind: 'forbidden' };
    return page?.show(asked) ?? { kind: 'unknown' };
  }
}
