// DestinationPolicies and the labels of routes → DestinationRules, as Istio 0.8 converted them.
import type { Labels } from '@meltemi/base';

import type { LocatedResource } from '../../located-resource.ts';
import type { TrafficPolicy } from '../../model/destination-rule.ts';
import type { DestinationPolicy, RouteRule } from '../../model/route-rule.ts';
import { defined } from '../defined.ts';
import { destinationPolicyToTraffic } from '../destination-policy.ts';
import { plainName } from '../subset-name.ts';
import { type V1alpha3Document, v1alpha3Document } from './document.ts';
import { encodeDuration } from './encode-duration.ts';
import { byPrecedence } from './virtual-services.ts';
import { writtenHost } from './written-host.ts';

/** The first stand before the other documents; those whose hosts only routes speak of, after them. */
export interface ConvertedDestinationRules {
  readonly ofPolicies: readonly V1alpha3Document[];
  readonly ofRoutes: readonly V1alpha3Document[];
}

export function destinationRulesOf(
  policies: readonly LocatedResource<DestinationPolicy>[],
  rules: readonly LocatedResource<RouteRule>[],
): ConvertedDestinationRules {
  const said = policies.map(subsetOfPolicy);
  const routed = rules.toSorted(byPrecedence).flatMap(subsetsOfRoutes);
  const byHost = Map.groupBy([...said, ...routed], ({ host }) => host);
  const hosts = new Set(said.map(({ host }) => host));
  const documents = Array.from(byHost, ([host, subsets]) => ({ host, document: destinationRule(host, subsets) }));
  const ofPolicies = documents.filter(({ host }) => hosts.has(host));
  const ofRoutes = documents.filter(({ host }) => !hosts.has(host));
  return {
    ofPolicies: ofPolicies.map(({ document }) => document),
    ofRoutes: ofRoutes.map(({ document }) => document),
  };
}

interface HostSubset {
  readonly host: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels | undefined;
  readonly trafficPolicy?: object;
}

function subsetOfPolicy({ metadata, spec }: LocatedResource<DestinationPolicy>): HostSubset {
  const { labels } = spec.destination;
  return {
    host: writtenHost(spec.destination),
    namespace: metadata.namespace,
    name: plainName(labels ?? {}),
    labels,
    trafficPolicy: encodeTrafficPolicy(destinationPolicyToTraffic(spec) ?? {}),
  };
}

function subsetsOfRoutes({ metadata, spec }: LocatedResource<RouteRule>): HostSubset[] {
  const routes = (spec.route ?? []).map(({ labels, destination }) => ({
    service: destination ?? spec.destination,
    labels: labels ?? destination?.labels,
  }));
  const all = spec.mirror ? [...routes, { service: spec.mirror, labels: spec.mirror.labels }] : routes;
  return all.flatMap(({ service, labels }) =>
    labels && Object.keys(labels).length > 0
      ? [{ host: writtenHost(service), namespace: metadata.namespace, name: plainName(labels), labels }]
      : [],
  );
}

/** Of several subsets of one name the first is heard. */
function destinationRule(host: string, subsets: readonly HostSubset[]): V1alpha3Document {
  const unique = Array.from(Map.groupBy(subsets, ({ name }) => name).values(), ([first]) => first!);
  const written = unique.map(({ name, labels, trafficPolicy }) => defined({ name, labels, trafficPolicy }));
  return v1alpha3Document(
    'DestinationRule',
    { name: host, namespace: subsets[0]!.namespace },
    { host, subsets: written },
  );
}

function encodeTrafficPolicy({ loadBalancer, connectionPool, outlierDetection }: TrafficPolicy): object {
  const simple = loadBalancer?.simple === 'LEAST_REQUEST' ? 'LEAST_CONN' : loadBalancer?.simple;
  return defined({
    loadBalancer: simple && { simple },
    connectionPool,
    outlierDetection: outlierDetection && {
      http: defined({
        consecutiveErrors: outlierDetection.consecutive5xxErrors,
        interval: encodeDuration(outlierDetection.interval),
        baseEjectionTime: encodeDuration(outlierDetection.baseEjectionTime),
        maxEjectionPercent: outlierDetection.maxEjectionPercent,
      }),
    },
  });
}
