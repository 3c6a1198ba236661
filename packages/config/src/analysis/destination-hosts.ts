// Hosts, ports and subsets that VirtualServices send to and that do not exist.
import { type Problem, resolveHost } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import type { KnownHost, World } from '../world.ts';
import type { Subject } from './analyzer.ts';
import { destinationsOf, type PlacedDestination } from './destinations.ts';
import { findingAt, hintAt } from './finding.ts';
import { hintAtHost } from './hint-at-host.ts';

type Routes = LocatedResource<VirtualService>;

export function analyzeDestinationHosts({ view, world }: Subject): Problem[] {
  const found = view.virtualServices.flatMap((resource) =>
    destinationsOf(resource.spec).flatMap((placed) => checkHost(resource, placed, world)),
  );
  return onceEach(found);
}

export function analyzeSubsets({ view, world }: Subject): Problem[] {
  const found = view.virtualServices.flatMap((resource) =>
    destinationsOf(resource.spec).flatMap((placed) => checkSubset(resource, placed, world)),
  );
  return onceEach(found);
}

function checkHost(resource: Routes, placed: PlacedDestination, world: World): Problem[] {
  const { metadata, spec } = resource;
  const written = placed.destination.host;
  const host = resolveHost(written, metadata.namespace, world.domain);
  const known = world.find(host, metadata.namespace, spec.exportTo);
  if (known) return checkPort(resource, placed, known);
  const isHidden = world.hosts.has(host);
  const message = isHidden
    ? `the host "${written}" is not exported to ${metadata.namespace}`
    : `the host "${written}" is not known: there is no service ${host}`;
  const hint = isHidden ? undefined : hintAtHost(host, world);
  return [findingAt(resource, `${placed.path}.host`, { code: CODE.referenceNotFound, message, hint })];
}

function checkPort(resource: Routes, { destination, path }: PlacedDestination, { ports }: KnownHost): Problem[] {
  const known = ports.join(', ');
  if (destination.port === undefined) {
    if (ports.length < 2) return [];
    const message = `"${destination.host}" has the ports ${known}: the destination must name one`;
    return [findingAt(resource, `${path}.host`, { code: CODE.portNeeded, message })];
  }
  if (ports.includes(destination.port.number)) return [];
  const message = `"${destination.host}" has no port ${destination.port.number}`;
  const hint = known ? `known: ${known}` : undefined;
  return [findingAt(resource, `${path}.port`, { code: CODE.referenceNotFound, message, hint })];
}

function checkSubset(resource: Routes, { destination, path }: PlacedDestination, world: World): Problem[] {
  const { host: written, subset } = destination;
  if (subset === undefined || subset === '') return [];
  const { metadata, spec } = resource;
  const host = resolveHost(written, metadata.namespace, world.domain);
  const subsets = world.subsets(host);
  // Of a host that is not known another check speaks.
  if (subsets.includes(subset) || !world.find(host, metadata.namespace, spec.exportTo)) return [];
  const known = subsets.length > 0 ? `known: ${subsets.join(', ')}` : undefined;
  const message = `no DestinationRule defines the subset "${subset}" of ${host}: requests to it fail`;
  const hint = hintAt(subset, subsets) ?? known;
  return [findingAt(resource, `${path}.subset`, { code: CODE.referenceNotFound, message, hint })];
}

/** A rule that is converted speaks of its host in several places; once is enough. */
function onceEach(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((one) => [JSON.stringify([one.source, one.message]), one])).values()];
}
