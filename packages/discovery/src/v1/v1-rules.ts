// The rules of a configuration in the form in which Pilot 0.x kept them, in the order in which it tried them.
import type { Host, Labels } from '@meltemi/base';
import { selects } from '@meltemi/base';
import type { ConfigView, DestinationPolicy, EgressRule, IstioService, LocatedResource, RouteRule } from '@meltemi/config';
import { type IngressRule, ingressRules } from './ingress-rules.ts';
import { istioServiceHost } from './istio-service-host.ts';
import { ruleForms } from './rule-forms.ts';
import type { V1Mesh } from './v1-mesh.ts';
import type { Instance, Release } from './v1-world.ts';

export interface V1Rules {
  /** From the highest precedence down, then by name. */
  readonly routeRules: readonly LocatedResource<RouteRule>[];
  readonly policies: readonly LocatedResource<DestinationPolicy>[];
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
  const own = ({ metadata }: LocatedResource): boolean => scope.watched(metadata.namespace);
  const routing = ruleForms(config, scope);
  return {
    routeRules: routing.routeRules.filter(own).toSorted(byPrecedence),
    policies: routing.policies.filter(own).toSorted(byName),
    egressRules: config.objects('EgressRule').filter(own).toSorted(byName),
    ingressRules: ingressRules(config.objects('Ingress').filter(own), scope),
    domain: scope.domain,
  };
}

/** The rules for calls to a host that hold for a caller; `instances`: what the caller stands before. */
export function routeRulesFor(
  rules: V1Rules,
  host: Host,
  instances: readonly Instance[],
): readonly LocatedResource<RouteRule>[] {
  return rules.routeRules.filter(
    (rule) => targetOf(rules, rule, rule.spec.destination) === host && matchesSource(rules, rule, instances),
  );
}

/** The rules for calls to what a proxy stands before, whoever calls. */
export function rulesOfInstances(
  rules: V1Rules,
  instances: readonly Instance[],
): readonly LocatedResource<RouteRule>[] {
  const hosts = new Set(instances.map(({ service }) => service.host));
  return rules.routeRules.filter((rule) => hosts.has(targetOf(rules, rule, rule.spec.destination)));
}

/** The policy for exactly these labels of a host; of several the first by name. */
export function policyFor(
  rules: V1Rules,
  host: Host,
  labels: Labels,
  instances: readonly Instance[],
): DestinationPolicy | undefined {
  return rules.policies.find(
    (policy) =>
      targetOf(rules, policy, policy.spec.destination) === host &&
      sameLabels(policy.spec.destination.labels ?? {}, labels) &&
      isSource(rules, policy, policy.spec.source, instances),
  )?.spec;
}

export function targetOf(rules: V1Rules, rule: LocatedResource, service: IstioService): Host {
  return istioServiceHost(service, rule.metadata.namespace, rules.domain);
}

function matchesSource(
  rules: V1Rules,
  rule: LocatedResource<RouteRule>,
  instances: readonly Instance[],
): boolean {
  return isSource(rules, rule, rule.spec.match?.source, instances);
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
