// Decoded resources → the view of them: sorted, converted, checked against each other.
import { createHash } from 'node:crypto';

import type { Problem } from '@meltemi/base';

import { convertDestinations } from './convert/destination-rules.ts';
import { convertEgressRule } from './convert/egress-rule.ts';
import { convertIngress, isMeshIngress } from './convert/ingress.ts';
import { convertRouteRules } from './convert/route-rules.ts';
import type { LocatedResource } from './located-resource.ts';
import { validateSet } from './validate-set.ts';
import type { ConfigView, KindName, ResourceByKind } from './view.ts';

/** `problems` are those that were found before: what could not be read or decoded. */
export function buildView(
  resources: readonly LocatedResource[],
  problems: readonly Problem[],
  domain = 'cluster.local',
): ConfigView {
  const byKind = Map.groupBy(resources.toSorted(byAge), ({ kind }) => kind);
  const objects = <Kind extends KindName>(kind: Kind): readonly ResourceByKind[Kind][] =>
    (byKind.get(kind) ?? []) as unknown as readonly ResourceByKind[Kind][];
  const converted = convertAll(objects, domain);
  const view: ConfigView = {
    version: '',
    virtualServices: converted.virtualServices,
    destinationRules: converted.destinationRules,
    gateways: converted.gateways,
    serviceEntries: converted.serviceEntries,
    objects,
    problems: [],
  };
  const all = [...problems, ...converted.problems, ...validateSet(resources, view, domain)];
  return { ...view, problems: all, version: versionOf(resources, all) };
}

type Objects = ConfigView['objects'];

function convertAll(
  objects: Objects,
  domain: string,
): Pick<ConfigView, 'virtualServices' | 'destinationRules' | 'gateways' | 'serviceEntries' | 'problems'> {
  const services = objects('Service');
  const rules = objects('RouteRule');
  const { destinationRules, subset } = convertDestinations({
    rules,
    policies: objects('DestinationPolicy'),
    destinationRules: objects('DestinationRule'),
    domain,
  });
  const ingresses = objects('Ingress')
    .filter(isMeshIngress)
    .map((ingress) => convertIngress(ingress, { services, domain }));
  return {
    virtualServices: [
      ...objects('VirtualService'),
      ...convertRouteRules({ rules, services, domain, subset }),
      ...ingresses.flatMap(({ virtualServices }) => virtualServices),
    ],
    destinationRules,
    gateways: [...objects('Gateway'), ...ingresses.map(({ gateway }) => gateway)],
    serviceEntries: [
      ...objects('ServiceEntry'),
      ...objects('EgressRule').map((rule) => convertEgressRule(rule, domain)),
    ],
    problems: ingresses.flatMap((ingress) => ingress.problems),
  };
}

/** Older objects first, and of one age by name: who came first holds where two say something of the same. */
function byAge(a: LocatedResource, b: LocatedResource): number {
  return compare(ageKey(a), ageKey(b));
}

/** An object that doesn't know when it was made counts as older than those that do. */
function ageKey({ metadata, kind }: LocatedResource): string {
  return [metadata.creationTimestamp, metadata.namespace, metadata.name, kind].join('\0');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function versionOf(resources: readonly LocatedResource[], problems: readonly Problem[]): string {
  const hash = createHash('sha256');
  const keys = resources.map(({ kind, metadata, source }) =>
    JSON.stringify([kind, metadata.namespace, metadata.name, metadata.resourceVersion, source]),
  );
  for (const key of keys.sort()) hash.update(key);
  hash.update(JSON.stringify(problems));
  return hash.digest('hex').slice(0, 16);
}
