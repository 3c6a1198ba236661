// VirtualServices that speak of one host to the same traffic of the mesh: only the oldest is heard.
import { formatSource, type Host, hostCovers, type Problem, resolveHost } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import { namespaces } from '../world.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';

interface Spoken {
  readonly resource: LocatedResource<VirtualService>;
  readonly path: string;
  readonly host: Host;
  /** A namespace that hears it, or `*`. */
  readonly scope: string;
}

/** For traffic inside of the mesh alone: at a gateway the routes of several are joined. Each is told of once. */
export function analyzeConflictingHosts({ view, world }: Subject): Problem[] {
  const spoken = view.virtualServices.filter(concernsMesh).flatMap((resource) => hostsOf(resource, world.domain));
  const everywhere = spoken.filter(({ scope }) => scope === '*');
  const told = new Map<LocatedResource, Problem>();
  for (const group of Map.groupBy(spoken, ({ scope, host }) => `${scope}/${host}`).values()) {
    const { scope, host } = group[0]!;
    const also = scope === '*' ? [] : everywhere.filter((other) => matches(host, other.host));
    for (const [index, problem] of conflictOf([...group, ...also])) {
      if (!told.has(index)) told.set(index, problem);
    }
  }
  return [...told.values()];
}

function hostsOf(resource: LocatedResource<VirtualService>, domain: string): Spoken[] {
  const { metadata, spec } = resource;
  return namespaces(spec.exportTo ?? [], metadata.namespace).flatMap((scope) =>
    spec.hosts.map((written, index) => ({
      resource,
      path: `spec.hosts[${index}]`,
      host: resolveHost(written, metadata.namespace, domain),
      scope,
    })),
  );
}

function conflictOf(all: readonly Spoken[]): [LocatedResource, Problem][] {
  const speakers = new Map(all.map((one) => [one.resource, one] as const));
  if (speakers.size < 2) return [];
  const [first, ...others] = [...speakers.values()];
  return [
    [first!.resource, conflictAt(first!, others[0]!, 'that one is not heard')],
    ...others.map((other): [LocatedResource, Problem] => [
      other.resource,
      conflictAt(other, first!, 'this one is not heard'),
    ]),
  ];
}

function conflictAt({ resource, path, host }: Spoken, other: Spoken, outcome: string): Problem {
  const { resource: name, source } = other.resource.origin();
  const message = `${name.kind} ${name.namespace}/${name.name} routes ${host} too, at ${formatSource(source)}: ${outcome}`;
  return findingAt(resource, path, { code: CODE.conflictingHosts, message });
}

function matches(host: Host, other: Host): boolean {
  return hostCovers(host, other) || hostCovers(other, host);
}

function concernsMesh({ spec }: LocatedResource<VirtualService>): boolean {
  return spec.gateways === undefined || spec.gateways.length === 0 || spec.gateways.includes('mesh');
}
