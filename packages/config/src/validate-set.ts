// Resources beside each other → what of their routing names what is not there, and where two of them disagree.
import type { Problem } from '@meltemi/base';

import { analyzeView } from './analysis/analyze.ts';
import { ROUTING } from './analysis/analyzers.ts';
import type { LocatedResource } from './located-resource.ts';
import type { ConfigView } from './view.ts';

/** Warnings about the given resources in the world of a view that holds them. None of them refuses a resource. */
export function validateSet(
  resources: readonly LocatedResource[],
  view: Omit<ConfigView, 'problems'>,
  domain = 'cluster.local',
): Problem[] {
  const keys = new Set(resources.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`));
  const concerns = (problem: Problem): boolean => {
    const { resource } = problem;
    return resource !== undefined && keys.has(`${resource.kind}/${resource.namespace}/${resource.name}`);
  };
  return analyzeView(view, ROUTING, { domain, now: 0 }).filter(concerns);
}
