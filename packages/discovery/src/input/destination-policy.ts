// Finds what DestinationRules say of a host, for one caller: its subsets, and the policy of a port of a subset.
// https://istio.io/latest/docs/reference/config/networking/destination-rule/
import type { DestinationRule, LocatedResource, PortTrafficPolicy, Subset, TrafficPolicy } from '@meltemi/config';
import type { Service } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import { chosenRules, type RulePools, type RuleReader } from './chosen-rules.ts';
import { destinationRuleIndex } from './destination-rule-index.ts';
import { type Provenance, provenance } from './provenance.ts';

type Rules = readonly LocatedResource<DestinationRule>[];

export interface SubsetPolicy {
  readonly subset: Subset;
  readonly provenance: Provenance;
}

/** What holds for a host; several rules for one host give their subsets together, and the oldest's policy. */
export interface DestinationPolicy {
  readonly trafficPolicy: TrafficPolicy | undefined;
  readonly subsets: readonly SubsetPolicy[];
  readonly provenance: Provenance | undefined;
}

/** The rules, and who reads them. */
export interface VisibleRules extends RuleReader {
  readonly pools: RulePools;
}

export const NO_POLICY: DestinationPolicy = { trafficPolicy: undefined, subsets: [], provenance: undefined };

/** What hangs together in the caller's namespace comes first, then the service's, then the root namespace's. */
export function destinationPolicy(visible: VisibleRules, service: Service, mesh: MeshSettings): DestinationPolicy {
  const { namespace, pools } = visible;
  const own = namespace === mesh.rootNamespace ? pools.hidden : pools.local;
  const local = destinationRuleIndex(own, mesh.domain).nearest(namespace, service.host);
  if (local.length > 0) return joinedPolicy(chosenRules(local, visible, false));
  const exported = destinationRuleIndex(pools.exported, mesh.domain);
  for (const home of [service.namespace, mesh.rootNamespace]) {
    const chosen = chosenRules(exported.nearest(home, service.host), visible, true);
    if (chosen.length > 0) return joinedPolicy(chosen);
  }
  return NO_POLICY;
}

const joined = new WeakMap<LocatedResource<DestinationRule>, { rules: Rules; policy: DestinationPolicy }[]>();

/** The same rules give the same object, whoever asks. */
function joinedPolicy(rules: Rules): DestinationPolicy {
  if (rules.length === 0) return NO_POLICY;
  const known = joined.get(rules[0]!) ?? [];
  joined.set(rules[0]!, known);
  const same = known.find((each) => sameItems(each.rules, rules));
  if (same) return same.policy;
  const policy = joinRules(rules);
  known.push({ rules, policy });
  return policy;
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** The policy of a port: a subset's fields stand before the rule's. What is said of a port stands in the place of all. */
export function portPolicy(policy: DestinationPolicy, port: number, subset: Subset | undefined): PortTrafficPolicy {
  const own = settingsOf(subset?.trafficPolicy, port);
  if (own) return pick(own);
  return { ...pick(settingsOf(policy.trafficPolicy, port) ?? policy.trafficPolicy), ...pick(subset?.trafficPolicy) };
}

function joinRules(rules: readonly LocatedResource<DestinationRule>[]): DestinationPolicy {
  const subsets = new Map<string, SubsetPolicy>();
  for (const rule of rules) {
    for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
      if (!subsets.has(subset.name)) {
        const { source } = provenance(rule, `spec.subsets[${index}]`);
        subsets.set(subset.name, { subset, provenance: { ...provenance(rules[0]!), source } });
      }
    }
  }
  const withPolicy = rules.find((rule) => rule.spec.trafficPolicy) ?? rules[0]!;
  return {
    trafficPolicy: withPolicy.spec.trafficPolicy,
    subsets: [...subsets.values()],
    provenance: { ...provenance(rules[0]!), source: provenance(withPolicy).source },
  };
}

function settingsOf(policy: TrafficPolicy | undefined, port: number): PortTrafficPolicy | undefined {
  return policy?.portLevelSettings?.find((setting) => setting.port?.number === port);
}

function pick(policy: PortTrafficPolicy = {}): PortTrafficPolicy {
  const { loadBalancer, connectionPool, outlierDetection, tls } = policy;
  return {
    ...(loadBalancer && { loadBalancer }),
    ...(connectionPool && { connectionPool }),
    ...(outlierDetection && { outlierDetection }),
    ...(tls && { tls }),
  };
}
