// The labels that RouteRules route by and all DestinationPolicies → DestinationRules, merged into the user's own.
import { type Host, type Labels, resolveHost } from '@meltemi/base';

import type { LocatedResource, Origin } from '../located-resource.ts';
import type { DestinationRule, Subset, TrafficPolicy } from '../model/destination-rule.ts';
import type { DestinationPolicy, RouteRule } from '../model/route-rule.ts';
import { converted } from './converted.ts';
import { destinationPolicyToTraffic } from './destination-policy.ts';
import { istioServiceHost } from './istio-service.ts';
import { subsetsOfRules } from './route-rules.ts';
import { labelsKey, nameSubsets } from './subset-name.ts';

export interface DestinationRulesInput {
  readonly rules: readonly LocatedResource<RouteRule>[];
  readonly policies: readonly LocatedResource<DestinationPolicy>[];
  readonly destinationRules: readonly LocatedResource<DestinationRule>[];
  readonly domain: string;
}

export interface ConvertedDestinationRules {
  readonly destinationRules: readonly LocatedResource<DestinationRule>[];
  /** The name of the subset that stands for a host's labels. */
  readonly subset: (host: Host, labels: Labels) => string;
}

/** Something said of a host: pods that are routed to by labels, or a policy for all or for labelled ones. */
interface Wish {
  readonly host: Host;
  readonly namespace: string;
  readonly labels: Labels | undefined;
  readonly policy: TrafficPolicy | undefined;
  readonly from: LocatedResource;
  /** The field of `from` that says so. */
  readonly path: string;
}

export function convertDestinations(input: DestinationRulesInput): ConvertedDestinationRules {
  const wishes = [
    ...subsetsOfRules(input.rules, input.domain).map((subset) => ({ ...subset, policy: undefined })),
    ...policyWishes(input),
  ];
  const byHost = Map.groupBy(wishes, ({ host }) => host);
  const own = new Map(input.destinationRules.toReversed().map((rule) => [hostOfRule(rule, input.domain), rule]));
  const names = new Map(Array.from(byHost, ([host, said]) => [host, namesOf(own.get(host), said)]));
  const made = Array.from(byHost, ([host, said]) => destinationRuleOf(host, said, names.get(host)!, own.get(host)));
  const replaced = new Set(Array.from(byHost.keys(), (host) => own.get(host)));
  return {
    destinationRules: [...input.destinationRules.filter((rule) => !replaced.has(rule)), ...made],
    subset: (host, labels) => names.get(host)?.get(labelsKey(labels))?.name ?? '',
  };
}

function policyWishes({ policies, domain }: DestinationRulesInput): readonly Wish[] {
  return policies.map((policy) => {
    const { destination } = policy.spec;
    const labels = destination.labels && Object.keys(destination.labels).length > 0 ? destination.labels : undefined;
    return {
      host: istioServiceHost(destination, policy.metadata.namespace, domain),
      namespace: destination.namespace ?? policy.metadata.namespace,
      labels,
      policy: destinationPolicyToTraffic(policy.spec),
      from: policy,
      path: 'spec.destination',
    };
  });
}

type Names = ReturnType<typeof nameSubsets>;

/** Labels that the user's own rule has a subset for keep its name. */
function namesOf(own: LocatedResource<DestinationRule> | undefined, said: readonly Wish[]): Names {
  const written = new Map(
    (own?.spec.subsets ?? []).map(({ name, labels = {} }) => [labelsKey(labels), { name, labels }]),
  );
  const missing = said.flatMap(({ labels }) => (labels && !written.has(labelsKey(labels)) ? [labels] : []));
  return new Map([...nameSubsets(missing), ...written]);
}

function destinationRuleOf(
  host: Host,
  said: readonly Wish[],
  names: Names,
  own: LocatedResource<DestinationRule> | undefined,
): LocatedResource<DestinationRule> {
  const subsets = said.reduce((known, wish) => withSubset(known, wish, names), own?.spec.subsets ?? []);
  const forAll = said.filter(({ labels, policy }) => policy && !labels).map(({ policy }) => policy!);
  const trafficPolicy = mergePolicies([own?.spec.trafficPolicy, ...forAll]);
  const spec: DestinationRule = {
    ...(own?.spec ?? { host }),
    ...(trafficPolicy && { trafficPolicy }),
    ...(subsets.length > 0 && { subsets }),
  };
  if (own) return { ...own, spec };
  const { namespace, from } = said[0]!;
  return converted('DestinationRule', { name: `${host.split('.')[0]}-route-rules`, namespace }, spec, from, (path) =>
    originOf(path, subsets, said),
  );
}

function withSubset(subsets: readonly Subset[], { labels, policy }: Wish, names: Names): readonly Subset[] {
  if (!labels) return subsets;
  const { name } = names.get(labelsKey(labels))!;
  const known = subsets.find((subset) => subset.name === name);
  if (!known) return [...subsets, { name, labels, ...(policy && { trafficPolicy: policy }) }];
  const trafficPolicy = mergePolicies([known.trafficPolicy, policy]);
  return subsets.map((subset) => (subset === known && trafficPolicy ? { ...subset, trafficPolicy } : subset));
}

/** What is said first holds. */
function mergePolicies(policies: readonly (TrafficPolicy | undefined)[]): TrafficPolicy | undefined {
  const said = policies.filter((policy) => policy !== undefined);
  return said.length > 0 ? Object.assign({}, ...said.toReversed()) : undefined;
}

/** A subset comes from the first that spoke of its labels. */
function originOf(path: string, subsets: readonly Subset[], said: readonly Wish[]): Origin | undefined {
  const index = /^spec\.subsets\[(\d+)\]/.exec(path)?.[1];
  const labels = index === undefined ? undefined : subsets[Number(index)]?.labels;
  const wish = labels
    ? said.find((one) => one.labels && labelsKey(one.labels) === labelsKey(labels))
    : path.startsWith('spec.host') && said[0];
  return wish ? wish.from.origin(wish.path) : undefined;
}

function hostOfRule(rule: LocatedResource<DestinationRule>, domain: string): Host {
  return resolveHost(rule.spec.host, rule.metadata.namespace, domain);
}
