// ServiceEntries that give one port of one host different protocols.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { ServiceEntry } from '../model/service-entry.ts';
import { CODE } from '../problem-code.ts';
import { namespaces } from '../world.ts';
import type { Subject } from './analyzer.ts';
import { enumerate, findingAt, fullName } from './finding.ts';

type Entry = LocatedResource<ServiceEntry>;

interface Said {
  readonly resource: Entry;
  readonly path: string;
  readonly protocol: string;
  /** Of host and port. */
  readonly place: string;
  /** A namespace that sees it, or `*`. */
  readonly scope: string;
}

/** Each is told of once. */
export function analyzeEntryProtocols({ view }: Subject): Problem[] {
  const said = view.objects('ServiceEntry').flatMap(portsOf);
  const everywhere = Map.groupBy(
    said.filter(({ scope }) => scope === '*'),
    ({ place }) => place,
  );
  const told = new Map<Entry, Problem>();
  for (const group of Map.groupBy(said, ({ scope, place }) => `${scope} ${place}`).values()) {
    const { scope, place } = group[0]!;
    const all = scope === '*' ? group : [...group, ...(everywhere.get(place) ?? [])];
    const protocols = new Set(all.map(({ protocol }) => protocol));
    if (protocols.size < 2) continue;
    const names = enumerate([...new Set(all.map(({ resource }) => fullName(resource)))]);
    const message = `${names}: different protocols for ${place}: ${enumerate([...protocols])}`;
    for (const { resource, path } of all) {
      if (!told.has(resource))
        told.set(resource, findingAt(resource, path, { code: CODE.conflictingEntries, message }));
    }
  }
  return [...told.values()];
}

function portsOf(resource: Entry): Said[] {
  const { metadata, spec } = resource;
  return namespaces(spec.exportTo ?? [], metadata.namespace).flatMap((scope) =>
    spec.hosts.flatMap((host) =>
      (spec.ports ?? []).map(({ number, protocol = '' }, index) => ({
        resource,
        path: `spec.ports[${index}]`,
        protocol: protocol.toUpperCase(),
        place: `${host}:${number}`,
        scope,
      })),
    ),
  );
}
