// VirtualServices at gateways that send to a host as such, where another one, for the mesh, splits it by subsets.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { findingAt, fullName } from './finding.ts';

export function analyzeGatewaySubsets({ view }: Subject): Problem[] {
  const routes = view.objects('VirtualService');
  const split = Map.groupBy(
    routes.flatMap((resource) => splitHosts(resource).map((host) => ({ host, resource }))),
    ({ host }) => host,
  );
  return routes
    .filter(({ spec }) => (spec.gateways ?? []).length > 0)
    .flatMap((resource) =>
      wholeHosts(resource.spec).flatMap(({ host, path }) => {
        const others = split.get(host) ?? [];
        const names = [...new Set(others.map((other) => fullName(other.resource)))];
        return names.map((name) => {
          const message = `the subsets of ${name} have no effect on what comes in at gateways: ${host} is sent to as a whole`;
          return findingAt(resource, path, { code: CODE.subsetAtGateway, message });
        });
      }),
    );
}

/** The object's own hosts to whose subsets it sends. */
function splitHosts({ spec }: LocatedResource<VirtualService>): readonly string[] {
  return (spec.http ?? []).flatMap(({ route = [] }) =>
    route
      .map(({ destination }) => destination)
      .filter(({ host, subset }) => subset && spec.hosts.includes(host))
      .map(({ host }) => host),
  );
}

function wholeHosts({ http = [] }: VirtualService): readonly { readonly host: string; readonly path: string }[] {
  return http.flatMap(({ route = [] }, index) =>
    route.flatMap(({ destination }, at) =>
      destination.subset ? [] : [{ host: destination.host, path: `spec.http[${index}].route[${at}].destination.host` }],
    ),
  );
}
