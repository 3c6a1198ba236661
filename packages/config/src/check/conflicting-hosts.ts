// VirtualServices that speak of one host to the same traffic: only the oldest is heard.
import { formatSource, type Problem, resolveHost } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import type { ConfigView } from '../view.ts';
import type { World } from '../world.ts';
import { warnAt } from './warning.ts';

/** For traffic inside of the mesh alone: at a gateway the routes of several are joined. */
export function checkConflicts(view: ConfigView, world: World): Problem[] {
  const spoken = view.virtualServices.filter(concernsMesh).flatMap((resource) =>
    resource.spec.hosts.map((written, index) => ({
      resource,
      index,
      host: resolveHost(written, resource.metadata.namespace, world.domain),
    })),
  );
  return Array.from(Map.groupBy(spoken, ({ host }) => host)).flatMap(([host, [first, ...others]]) =>
    others.flatMap(({ resource, index }) => {
      if (resource === first!.resource) return [];
      const { resource: winner, source } = first!.resource.origin();
      const message = `${winner.kind} ${winner.namespace}/${winner.name} routes ${host} already, at ${formatSource(source)}: this one is not heard`;
      return [warnAt(resource, `spec.hosts[${index}]`, { code: CODE.conflictingHosts, message })];
    }),
  );
}

function concernsMesh({ spec }: LocatedResource<VirtualService>): boolean {
  return spec.gateways === undefined || spec.gateways.length === 0 || spec.gateways.includes('mesh');
}
