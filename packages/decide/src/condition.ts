// One condition of a route's match: tests a request, and says in words what it wants and what it saw.
import type { RequestView } from './request-view.ts';

/** What all conditions of one decision are tested against. */
export interface Condition {
  /** What must hold: `header end-user exact "jason"`. */
  readonly words: string;
  /** Costly conditions are tested last. */
  readonly costly: boolean;
  /** `path` is without query; `chance` is the decision's one number for routing (`rollInteger`). */
  holds(request: RequestView, path: string, chance: number): boolean;
  /** What the request has: `is "kelly"`. */
  seen(request: RequestView, path: string, chance: number): string;
}

/** The first condition that does not hold, or undefined when all do. */
export function firstMiss(
  conditions: readonly Condition[],
  request: RequestView,
  path: string,
  chance: number,
): Condition | undefined {
  for (const condition of conditions) if (!condition.holds(request, path, chance)) return condition;
  return undefined;
}

/** Cheap ones first, else in the order written: a conjunction has the same value in any order. */
export function cheapFirst(conditions: readonly Condition[]): readonly Condition[] {
  return [
    ...conditions.filter((condition) => !condition.costly),
    ...conditions.filter((condition) => condition.costly),
  ];
}
