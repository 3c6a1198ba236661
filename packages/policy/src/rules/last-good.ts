// Resources of which some went bad → the policy with those as they last were good.
import type { Problem } from '@meltemi/base';

import type { Policy } from './compile-policy.ts';
import { type PolicyResource, qualifiedName } from './policy-resource.ts';

/** By their qualified names. */
export type GoodResources = ReadonlyMap<string, PolicyResource>;

export interface ServedPolicy {
  readonly policy: Policy;
  /** Of the resources as they are. */
  readonly problems: readonly Problem[];
  /** What the next bad ones fall back to. */
  readonly good: GoodResources;
}

export function lastGoodPolicy(
  resources: readonly PolicyResource[],
  good: GoodResources,
  compile: (resources: readonly PolicyResource[]) => Policy,
): ServedPolicy {
  const first = compile(resources);
  const bad = badNames(first.problems);
  const served = resources.map((resource) => {
    const name = qualifiedName(resource);
    return bad.has(name) ? (good.get(name) ?? resource) : resource;
  });
  const policy = bad.size === 0 ? first : compile(served);
  const still = badNames(policy.problems);
  const fine = served
    .map((resource) => [qualifiedName(resource), resource] as const)
    .filter(([name]) => !still.has(name));
  return { policy, problems: first.problems, good: new Map(fine) };
}

function badNames(problems: readonly Problem[]): ReadonlySet<string> {
  return new Set(
    problems.flatMap(({ resource }) => (resource ? [`${resource.name}.${resource.kind}.${resource.namespace}`] : [])),
  );
}
