// The rules of a configuration in the form in which Pilot 0.x kept them, in the order in which it tried them.
import { type Host, type Labels, selects } from '@meltemi/base';
import {
  type ConfigView,
  type DestinationPolicy,
  type EgressRule,
  type IstioService,
  istioServiceHost,
  type LocatedResource,
  type RouteRule,
} from '@meltemi/config';
import { type IngressRule, ingressRules } from './ingress-rules.ts';
import { destinationRulePolicies } from './destination-rule-policies.ts';
import type { Instance } from './instance.ts';
import type { Release } from './release.ts';
import type { V1Mesh } from './v1-mesh.ts';
import { virtualServiceRules } from './virtual-service-rules.ts';

export interface V1Rules {
  /** By the called host; from the highest precedence down, then by name. */
  readonly routeRules: ReadonlyMap<Host, readonly LocatedResource<RouteRule>[]>;
  /** By the called host; by name. */
  readonly policies: ReadonlyMap<Host, readonly LocatedResource<DestinationPolicy>[]>;
  readonly egressRules: readonly LocatedResource<EgressRule>[];
  readonly ingressRules: readonly IngressRule[];
  readonly domain: string;
}

export interface RuleScope {
  readonly mesh: V1Mesh;
  readonly domain: string;
  readonly release: Release;
  watched(namespace: string): boolean;
}

export function v1Rules(config: ConfigView, scope: RuleScope): V1Rules {
  const newer = newerRules(config, scope);
  const own = ({ metadata }: LocatedResource): boolean => scope.watched(metadata.namespace);
  const routeRules = [...config.objects('RouteRule'), ...newer.routeRules].filter(own).toSorted(byPrecedence);
  const policies = [...config.objects('DestinationPolicy'), ...newer.policies].filter(own).toSorted(byName);
  return {
    routeRules: Map.groupBy(routeRules, (rule) => targetOf(scope, rule, rule.spec.destination)),
    policies: Map.groupBy(policies, (policy) => targetOf(scope, policy, policy.spec.destination)),
    egressRules: config.objects('EgressRule').filter(own).toSorted(byName),
    ingressRules: ingressRules(config.objects('Ingress').filter(own), scope),
    domain: scope.domain,
  };
}

/** What the successors of those rules say, in the release that read both. */
function newerRules(
  config: ConfigView,
  { release, domain }: RuleScope,
): {
  readonly routeRules: readonly LocatedResource<RouteRule>[];
  readonly policies: readonly LocatedResource<DestinationPolicy>[];
} {
  if (release !== '0.7') return { routeRules: [], policies: [] };
  const virtualServices = config.objects('VirtualService');
  const destinationRules = config.objects('DestinationRule');
  return {
    routeRules: virtualServiceRules({ virtualServices, destinationRules, domain }),
    policies: destinationRulePolicies(destinationRules, domain),
  };
}

/** The rules for calls to a host that hold for a caller; `instances`: what the caller stands before. */
export function routeRulesFor(
  rules: V1Rules,
  host: Host,
  instances: readonly Instance[],
): readonly LocatedResource<RouteRule>[] {
  const ofHost = rules.routeRules.get(host) ?? [];
  return ofHost.filter((rule) => isSource(rules, rule, rule.spec.match?.source, instances));
}

/** The rules for calls to what a proxy stands before, whoever calls. */
export function rulesOfInstances(
  rules: V1Rules,
  instances: readonly Instance[],
): readonly LocatedResource<RouteRule>[] {
  const hosts = new Set(instances.map(({ service }) => service.host));
  return [...hosts].flatMap((host) => rules.routeRules.get(host) ?? []).toSorted(byPrecedence);
}

/** The policy for exactly these labels of a host; of several the first by name. */
export function policyFor(
  rules: V1Rules,
  host: Host,
  labels: Labels,
  instances: readonly Instance[],
): DestinationPolicy | undefined {
  const ofHost = rules.policies.get(host) ?? [];
  return ofHost.find(
    (policy) =>
      sameLabels(policy.spec.destination.labels ?? {}, labels) &&
      isSource(rules, policy, policy.spec.source, instances),
  )?.spec;
}

/** The host that a rule means by a service. */
export function targetOf({ domain }: { readonly domain: string }, rule: LocatedResource, service: IstioService): Host {
  return istioServiceHost(service, rule.metadata.namespace, domain);
}

/** A source without a name is any service with the labels. */
function isSource(
  rules: V1Rules,
  rule: LocatedResource,
  source: IstioService | undefined,
  instances: readonly Instance[],
): boolean {
  if (!source) return true;
  const named = source.name !== undefined || source.service !== undefined;
  const host = targetOf(rules, rule, source);
  return instances.some(
    ({ service, endpoint }) => (!named || service.host === host) && selects(source.labels ?? {}, endpoint.labels),
  );
}

function sameLabels(a: Labels, b: Labels): boolean {
  return Object.keys(a).length === Object.keys(b).length && selects(a, b);
}

function byPrecedence(a: LocatedResource<RouteRule>, b: LocatedResource<RouteRule>): number {
  return (b.spec.precedence ?? 0) - (a.spec.precedence ?? 0) || byName(a, b);
}

function byName(a: LocatedResource, b: LocatedResource): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

const keyOf = ({ metadata }: LocatedResource): string => `${metadata.namespace}/${metadata.name}`;
