// Turns a route's match into a test of requests, for filters that have rules of their own.
import type { RouteMatch } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { compilePathMatch } from './path-match.ts';
import { withoutQuery } from './path.ts';
import type { RequestView } from './request-view.ts';
import { compileConditions } from './route-match.ts';

/** Throws DecideError. Chance, which routes may ask for, is none here: a fraction of requests is all of them. */
export function compileRequestTest(match: RouteMatch): (request: RequestView) => boolean {
  const conditions = compileConditions(match, compilePathMatch(match, false));
  return (request) => {
    const path = withoutQuery(request.path);
    return conditions.every((condition) => condition.holds(request, path, 0));
  };
}
