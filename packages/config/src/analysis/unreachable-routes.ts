// Routes and matches of VirtualServices that an earlier one leaves nothing to.
import { formatSource, type Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { HttpMatch, VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { coversMatch } from './covered-match.ts';
import { findingAt } from './finding.ts';

interface Route {
  readonly match?: readonly object[] | undefined;
}

/** Matches of one list of routes, each with its place; those that were not said before. */
interface Seen {
  readonly route: number;
  readonly path: string;
  readonly match: object;
}

export function analyzeUnreachableRoutes({ view }: Subject): Problem[] {
  return view.virtualServices.flatMap((resource) =>
    (['http', 'tcp', 'tls'] as const).flatMap((field) => {
      const routes: readonly Route[] = resource.spec[field] ?? [];
      const seen = new Map<string, Seen>();
      return [
        ...behindTaker(resource, field, routes),
        ...repeated(resource, field, routes, seen),
        ...(field === 'http' ? covered(resource, [...seen.values()]) : []),
      ];
    }),
  );
}

type Routed = LocatedResource<VirtualService>;

/** Routes behind one that takes everything. */
function behindTaker(resource: Routed, field: string, routes: readonly Route[]): Problem[] {
  const taker = routes.findIndex(takesAll);
  if (taker < 0) return [];
  const place = formatSource(resource.origin(`spec.${field}[${taker}]`).source);
  const message = `this route is never reached: the one at ${place} takes every request before it`;
  return routes
    .slice(taker + 1)
    .map((_, offset) =>
      findingAt(resource, `spec.${field}[${taker + 1 + offset}]`, { code: CODE.unreachableRoute, message }),
    );
}

function takesAll({ match = [] }: Route): boolean {
  return match.length === 0 || match.some((one) => Object.keys(withoutNames(one)).length === 0);
}

/** Matches that were said before, and routes all of whose matches were. */
function repeated(resource: Routed, field: string, routes: readonly Route[], seen: Map<string, Seen>): Problem[] {
  const taker = routes.findIndex(({ match = [] }) => match.length === 0);
  return routes.slice(0, taker < 0 ? undefined : taker).flatMap(({ match = [] }, route) => {
    const found = match.flatMap((one, index) => {
      const path = `spec.${field}[${route}].match[${index}]`;
      const key = JSON.stringify(withoutNames(one));
      const before = seen.get(key);
      if (!before) seen.set(key, { route, path, match: one });
      return before ? [repeatedAt(resource, path, before)] : [];
    });
    if (found.length < match.length) return found;
    const message = 'this route is never reached: those before it take all that it matches';
    return [...found, findingAt(resource, `spec.${field}[${route}]`, { code: CODE.unreachableRoute, message })];
  });
}

/** Prefixes that an earlier match takes with all that follows. */
function covered(resource: Routed, seen: readonly Seen[]): Problem[] {
  return seen.flatMap(({ path, match }, index) => {
    const before = seen.slice(0, index).find((one) => coversMatch(one.match as HttpMatch, match as HttpMatch));
    return before ? [repeatedAt(resource, path, before)] : [];
  });
}

function repeatedAt(resource: Routed, path: string, before: Seen): Problem {
  const place = formatSource(resource.origin(before.path).source);
  const message = `this match is never reached: the one at ${place} takes what it means`;
  return findingAt(resource, path, { code: CODE.repeatedMatch, message });
}

/** Names say nothing of what is matched. */
function withoutNames(match: object): object {
  return Object.fromEntries(Object.entries(match).filter(([field]) => field !== 'name' && field !== 'statPrefix'));
}
