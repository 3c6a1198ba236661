// DestinationRules for hosts that are not there, and subsets that no workload belongs to.
import { didYouMean, type Labels, type Problem, resolveHost, selects } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { DestinationRule } from '../model/destination-rule.ts';
import { CODE } from '../problem-code.ts';
import type { KnownHost, World } from '../world.ts';
import type { Subject } from './analyzer.ts';
import { findingAt, formatLabels } from './finding.ts';
import { hintAtHost } from './hint-at-host.ts';

type Rule = LocatedResource<DestinationRule>;

export function analyzeSubsetPods({ view, world }: Subject): Problem[] {
  const entries = view.objects('WorkloadEntry').map(({ spec }) => spec.labels ?? {});
  return view.destinationRules.flatMap((resource) => {
    const host = resolveHost(resource.spec.host, resource.metadata.namespace, world.domain);
    const known = world.find(host, resource.metadata.namespace, resource.spec.exportTo);
    return known ? emptySubsets(resource, known, world, entries) : unknownHost(resource, host, world);
  });
}

function unknownHost(resource: Rule, host: string, world: World): Problem[] {
  if (host.startsWith('*')) return [];
  const message = `the host "${resource.spec.host}" is not known: there is no service ${host}`;
  return [findingAt(resource, 'spec.host', { code: CODE.unknownHost, message, hint: hintAtHost(host, world) })];
}

function emptySubsets(resource: Rule, known: KnownHost, world: World, entries: readonly Labels[]): Problem[] {
  const pods = [...(world.workloadsOf(known) ?? world.workloads).map(({ labels }) => labels), ...entries];
  return (resource.spec.subsets ?? []).flatMap(({ name, labels = {} }, index) => {
    if (pods.some((pod) => selects(withoutTopology(labels), pod))) return [];
    const message = `no pod of ${known.host} has the labels ${formatLabels(labels)} of the subset "${name}"`;
    const found = { code: CODE.emptySubset, message, hint: hintOf(labels, pods) };
    return [findingAt(resource, `spec.subsets[${index}].labels`, found)];
  });
}

/** Labels that the place of a pod gives it. */
const TOPOLOGY = /^(topology\.(kubernetes|istio)\.io\/|kubernetes\.io\/hostname$)/;

function withoutTopology(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !TOPOLOGY.test(key)));
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
