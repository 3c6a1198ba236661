// HTTP routes that stand after one that takes every request.
import { formatSource, type Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { HttpRoute, VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import type { ConfigView } from '../view.ts';
import { warnAt } from './warning.ts';

export function checkUnreachableRoutes(view: ConfigView): Problem[] {
  return view.virtualServices.flatMap((resource) => {
    const routes = resource.spec.http ?? [];
    const taker = routes.findIndex(takesAll);
    if (taker < 0) return [];
    return routes.slice(taker + 1).map((_, offset) => unreachable(resource, taker, taker + 1 + offset));
  });
}

function takesAll({ match = [] }: HttpRoute): boolean {
  return (
    match.length === 0 ||
    match.some((one) => Object.keys(one).every((field) => field === 'name' || field === 'statPrefix'))
  );
}

function unreachable(resource: LocatedResource<VirtualService>, taker: number, index: number): Problem {
  const place = formatSource(resource.origin(`spec.http[${taker}]`).source);
  const message = `this route is never reached: the one at ${place} takes every request before it`;
  return warnAt(resource, `spec.http[${index}]`, { code: CODE.unreachableRoute, message });
}
