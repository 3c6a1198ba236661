// Subsets that no pod of the service belongs to.
import { didYouMean, type Labels, type Problem, resolveHost, selects } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import type { ConfigView } from '../view.ts';
import type { World } from '../world.ts';
import { warnAt } from './warning.ts';

/** Says nothing of a service that has no pods at all: it may not be deployed yet. */
export function checkSubsetPods(view: ConfigView, world: World): Problem[] {
  return view.destinationRules.flatMap((resource) => {
    const host = resolveHost(resource.spec.host, resource.metadata.namespace, world.domain);
    const pods = world.podsOf(host) ?? [];
    if (pods.length === 0) return [];
    return (resource.spec.subsets ?? []).flatMap(({ name, labels = {} }, index) => {
      if (pods.some((pod) => selects(labels, pod))) return [];
      const message = `no pod of ${host} has the labels ${formatLabels(labels)} of the subset "${name}"`;
      return [
        warnAt(resource, `spec.subsets[${index}].labels`, {
          code: CODE.emptySubset,
          message,
          hint: hintOf(labels, pods),
        }),
      ];
    });
  });
}

/** The value that was probably meant, else those that there are. */
function hintOf(labels: Labels, pods: readonly Labels[]): string | undefined {
  for (const [key, value] of Object.entries(labels)) {
    const values = [...new Set(pods.map((pod) => pod[key]).filter((label) => label !== undefined))].sort();
    if (values.includes(value) || values.length === 0) continue;
    const meant = didYouMean(value, values);
    return meant && values.length > 3 ? `did you mean "${key}: ${meant}"?` : `pods have ${key}: ${values.join(', ')}`;
  }
  return undefined;
}

function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
