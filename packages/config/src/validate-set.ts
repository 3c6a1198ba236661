// Resources beside each other → what they name that is not there, and where two of them disagree.
import type { Problem } from '@meltemi/base';

import { checkConflicts } from './check/conflicting-hosts.ts';
import { checkGatewayHosts } from './check/gateway-hosts.ts';
import { checkReferences } from './check/references.ts';
import { checkSubsetPods } from './check/subset-pods.ts';
import { checkUnreachableRoutes } from './check/unreachable-routes.ts';
import type { LocatedResource } from './located-resource.ts';
import type { ConfigView } from './view.ts';
import { worldOf } from './world.ts';

/** Warnings about the given resources in the world of a view that holds them. None of them refuses a resource. */
export function validateSet(
  resources: readonly LocatedResource[],
  view: ConfigView,
  domain = 'cluster.local',
): Problem[] {
  const world = worldOf(view, domain);
  const keys = new Set(resources.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`));
  const concerns = (problem: Problem): boolean => {
    const { resource } = problem;
    return resource !== undefined && keys.has(`${resource.kind}/${resource.namespace}/${resource.name}`);
  };
  return [
    ...checkReferences(view, world),
    ...checkSubsetPods(view, world),
    ...checkConflicts(view, world),
    ...checkUnreachableRoutes(view),
    ...checkGatewayHosts(view),
  ].filter(concerns);
}
