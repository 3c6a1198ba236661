// RouteRules → a VirtualService a destination, as Istio 0.8 converted them.
import type { Problem } from '@meltemi/base';
import { resourceName } from '@meltemi/api';

import type { LocatedResource } from '../../located-resource.ts';
import type { RouteRule } from '../../model/route-rule.ts';
import { CODE } from '../../problem-code.ts';
import { routeRuleToHttp, type RouteRuleWorld } from '../route-rule.ts';
import { plainName } from '../subset-name.ts';
import { type V1alpha3Document, v1alpha3Document } from './document.ts';
import { encodeHttpRoute } from './encode-http-route.ts';
import { writtenHost } from './written-host.ts';

/** Hosts stay as short as they were written; callers that a rule names are left out, and said. */
export function virtualServicesOfRules(rules: readonly LocatedResource<RouteRule>[]): {
  readonly documents: readonly V1alpha3Document[];
  readonly problems: readonly Problem[];
} {
  const byHost = Map.groupBy(rules, ({ spec }) => writtenHost(spec.destination));
  return {
    documents: Array.from(byHost, ([host, same]) => virtualServiceOf(host, same)),
    problems: rules.flatMap(sourceProblem),
  };
}

/** Higher precedence first; of equals the one that was read first. */
export function byPrecedence(a: LocatedResource<RouteRule>, b: LocatedResource<RouteRule>): number {
  return (b.spec.precedence ?? 0) - (a.spec.precedence ?? 0);
}

const WORLD: RouteRuleWorld = {
  host: writtenHost,
  subset: (_, labels) => plainName(labels),
  selector: () => ({}),
};

function virtualServiceOf(host: string, rules: readonly LocatedResource<RouteRule>[]): V1alpha3Document {
  const http = rules.toSorted(byPrecedence).map((rule) => encodeHttpRoute(routeOf(rule)));
  const { namespace } = rules[0]!.metadata;
  return v1alpha3Document('VirtualService', { name: host, namespace }, { hosts: [host], http });
}

/** A rule without routes leads all of its requests to its destination. */
function routeOf({ metadata, spec }: LocatedResource<RouteRule>): ReturnType<typeof routeRuleToHttp> {
  const route = routeRuleToHttp(metadata.name, spec, WORLD);
  if (spec.redirect || (spec.route && spec.route.length > 0)) return route;
  return { ...route, route: [{ destination: { host: writtenHost(spec.destination) }, weight: 100 }] };
}

function sourceProblem(rule: LocatedResource<RouteRule>): Problem[] {
  if (rule.spec.match?.source === undefined) return [];
  const path = 'spec.match.source';
  const message = '"source" is left out, as Istio 0.8 did: the route is for all callers';
  const { source } = rule.origin(path);
  return [{ severity: 'warning', code: CODE.notConverted, message, resource: resourceName(rule), path, source }];
}
