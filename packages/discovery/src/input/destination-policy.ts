// Finds what DestinationRules say of a host, for one caller: its subsets, and the policy of a port of a subset.
// https://istio.io/latest/docs/reference/config/networking/destination-rule/
import { type Host, hostCovers, resolveHost } from '@meltemi/base';
import type { DestinationRule, LocatedResource, PortTrafficPolicy, Subset, TrafficPolicy } from '@meltemi/config';
import type { Service } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { Provenance } from './cluster-input.ts';
import { provenance } from './provenance.ts';

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

/** The rules that a namespace sees. */
export interface VisibleRules {
  readonly namespace: string;
  readonly destinationRules: readonly LocatedResource<DestinationRule>[];
}

export const NO_POLICY: DestinationPolicy = { trafficPolicy: undefined, subsets: [], provenance: undefined };

/** Rules of the caller's namespace come first, then the service's, then the root namespace's. */
export function destinationPolicy(visible: VisibleRules, service: Service, mesh: MeshSettings): DestinationPolicy {
  const order = [visible.namespace, service.namespace, mesh.rootNamespace];
  for (const namespace of new Set(order)) {
    const rules = visible.destinationRules.filter((rule) => rule.metadata.namespace === namespace);
    const nearest = nearestRules(rules, service.host, mesh.domain);
    if (nearest.length > 0) return joinRules(nearest);
  }
  return NO_POLICY;
}

/** The policy of a port: a subset's fields stand before the rule's, a port's before both. */
export function portPolicy(policy: DestinationPolicy, port: number, subset: Subset | undefined): PortTrafficPolicy {
  return { ...levels(policy.trafficPolicy, port), ...levels(subset?.trafficPolicy, port) };
}

/** The rules that name the host exactly, else those whose wildcard is the longest. */
function nearestRules(
  rules: readonly LocatedResource<DestinationRule>[],
  host: Host,
  domain: string,
): readonly LocatedResource<DestinationRule>[] {
  const covering = rules
    .map((rule) => ({ rule, pattern: resolveHost(rule.spec.host, rule.metadata.namespace, domain) }))
    .filter(({ pattern }) => hostCovers(pattern, host));
  const exact = covering.filter(({ pattern }) => pattern === host);
  if (exact.length > 0) return exact.map(({ rule }) => rule);
  const longest = Math.max(0, ...covering.map(({ pattern }) => pattern.length));
  return covering.filter(({ pattern }) => pattern.length === longest).map(({ rule }) => rule);
}

function joinRules(rules: readonly LocatedResource<DestinationRule>[]): DestinationPolicy {
  const subsets = new Map<string, SubsetPolicy>();
  for (const rule of rules) {
    for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
      if (!subsets.has(subset.name)) {
        subsets.set(subset.name, { subset, provenance: provenance(rule, `spec.subsets[${index}]`) });
      }
    }
  }
  const withPolicy = rules.find((rule) => rule.spec.trafficPolicy) ?? rules[0]!;
  return {
    trafficPolicy: withPolicy.spec.trafficPolicy,
    subsets: [...subsets.values()],
    provenance: provenance(withPolicy),
  };
}

function levels(policy: TrafficPolicy | undefined, port: number): PortTrafficPolicy {
  if (!policy) return {};
  const own = policy.portLevelSettings?.find((setting) => setting.port?.number === port);
  return { ...pick(policy), ...(own && pick(own)) };
}

function pick(policy: PortTrafficPolicy): PortTrafficPolicy {
  const { loadBalancer, connectionPool, outlierDetection, tls } = policy;
  return {
    ...(loadBalancer && { loadBalancer }),
    ...(connectionPool && { connectionPool }),
    ...(outlierDetection && { outlierDetection }),
    ...(tls && { tls }),
  };
}
