// Hosts, subsets and gateways that rules name and that do not exist.
import { didYouMean, type Host, type Problem, resolveHost } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { Destination } from '../model/destination.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import type { ConfigView } from '../view.ts';
import type { World } from '../world.ts';
import { warnAt } from './warning.ts';

export function checkReferences(view: ConfigView, world: World): Problem[] {
  const routed = view.virtualServices.flatMap((resource) => [
    ...destinationsOf(resource.spec).flatMap(({ destination, path }) =>
      checkDestination(resource, destination, path, world),
    ),
    ...checkGateways(resource, world),
  ]);
  const rules = view.destinationRules.flatMap((resource) => {
    const host = resolveHost(resource.spec.host, resource.metadata.namespace, world.domain);
    return host.startsWith('*') || world.knows(host)
      ? []
      : [unknownHost(resource, resource.spec.host, host, 'spec.host', world)];
  });
  // A rule that is converted speaks of its host in several places; once is enough.
  return uniqueBy([...routed, ...rules], ({ source, message }) => JSON.stringify([source, message]));
}

interface PlacedDestination {
  readonly destination: Destination;
  readonly path: string;
}

function destinationsOf(spec: VirtualService): PlacedDestination[] {
  const http = (spec.http ?? []).flatMap((route, index): PlacedDestination[] => [
    ...placed(route.route, `spec.http[${index}].route`),
    ...(route.mirror ? [{ destination: route.mirror, path: `spec.http[${index}].mirror` }] : []),
    ...placed(route.mirrors, `spec.http[${index}].mirrors`),
  ]);
  const tcp = (spec.tcp ?? []).flatMap(({ route }, index) => placed(route, `spec.tcp[${index}].route`));
  const tls = (spec.tls ?? []).flatMap(({ route }, index) => placed(route, `spec.tls[${index}].route`));
  return [...http, ...tcp, ...tls];
}

function placed(
  routes: readonly { readonly destination: Destination }[] | undefined,
  base: string,
): PlacedDestination[] {
  return (routes ?? []).map(({ destination }, index) => ({ destination, path: `${base}[${index}].destination` }));
}

function checkDestination(
  resource: LocatedResource,
  { host: written, subset }: Destination,
  path: string,
  world: World,
): Problem[] {
  const host = resolveHost(written, resource.metadata.namespace, world.domain);
  if (!world.knows(host)) return [unknownHost(resource, written, host, `${path}.host`, world)];
  if (subset === undefined || world.subsets(host).includes(subset)) return [];
  const meant = didYouMean(subset, world.subsets(host));
  const known = world.subsets(host).join(', ');
  const message = `no DestinationRule defines the subset "${subset}" of ${host}: requests to it fail`;
  const hint = meant ? `did you mean "${meant}"?` : known ? `known: ${known}` : undefined;
  return [warnAt(resource, `${path}.subset`, { code: CODE.referenceNotFound, message, hint })];
}

function unknownHost(resource: LocatedResource, written: string, host: Host, path: string, world: World): Problem {
  // In a full name of the mesh nearly all of the letters are the domain: what was mistaken is the first word.
  const inMesh = host.endsWith(`.svc.${world.domain}`);
  const shortNames = Array.from(world.hosts, shortName);
  const meant = inMesh ? didYouMean(shortName(host), shortNames) : didYouMean(host, world.hosts);
  const message = `the host "${written}" is not known: there is no service ${host}`;
  return warnAt(resource, path, { code: CODE.referenceNotFound, message, hint: meant && `did you mean "${meant}"?` });
}

const shortName = (host: Host): string => host.split('.')[0] ?? host;

function checkGateways(resource: LocatedResource<VirtualService>, world: World): Problem[] {
  return (resource.spec.gateways ?? []).flatMap((written, index) => {
    const name = written.includes('/') ? written : `${resource.metadata.namespace}/${written}`;
    if (written === 'mesh' || world.gateways.has(name)) return [];
    const meant = didYouMean(name, world.gateways);
    const message = `the gateway "${written}" is not known`;
    const hint = meant && `did you mean "${meant}"?`;
    return [warnAt(resource, `spec.gateways[${index}]`, { code: CODE.referenceNotFound, message, hint })];
  });
}

function uniqueBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
