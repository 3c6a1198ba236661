// The routes of a large virtual host, by path → the first of them that matches, as if all were tried in their order.
import { type Condition, firstMiss } from './condition.ts';
import { PathLists, type PathNeed } from './path-lists.ts';
import type { RequestView } from './request-view.ts';

/** What the index needs to know of a route. */
interface Conditional {
  readonly conditions: readonly Condition[];
}

/** Trying fewer one by one is as quick. */
const MIN_SPARED = 8;

/** `needs`: what each route's path must be; undefined: it may match any. Undefined where trying all is as good. */
export function indexRoutes<Route extends Conditional>(
  routes: readonly Route[],
  needs: readonly (PathNeed | undefined)[],
): RouteIndex<Route> | undefined {
  const bound = needs.filter((need) => need !== undefined);
  const lookups = new Set(bound.map(({ kind, text }) => (kind === 'exact' ? 0 : text.length)));
  return bound.length - lookups.size >= MIN_SPARED ? new RouteIndex(routes, needs) : undefined;
}

export class RouteIndex<Route extends Conditional> {
  readonly #routes: readonly Route[];
  readonly #lists: PathLists;

  constructor(routes: readonly Route[], needs: readonly (PathNeed | undefined)[]) {
    this.#routes = routes;
    this.#lists = new PathLists(needs.map((need) => need && [need]));
  }

  /** `path` is without query; `chance` as conditions take it. */
  first(request: RequestView, path: string, chance: number): Route | undefined {
    const { anyPath, exact, prefixes } = this.#lists;
    let first = this.#routes.length;
    const same = exact.get(path);
    if (same) first = this.#firstOf(same, first, request, path, chance);
    for (const [length, byText] of prefixes) {
      const begun = length <= path.length ? byText.get(path.slice(0, length)) : undefined;
      if (begun) first = this.#firstOf(begun, first, request, path, chance);
    }
    return this.#routes[this.#firstOf(anyPath, first, request, path, chance)];
  }

  /** The first of the list that matches, if it comes before `limit`; else `limit`. */
  #firstOf(list: readonly number[], limit: number, request: RequestView, path: string, chance: number): number {
    for (const number of list) {
      if (number >= limit) return limit;
      if (!firstMiss(this.#routes[number]!.conditions, request, path, chance)) return number;
    }
    return limit;
  }
}
