// What DestinationRules say of each service that a namespace sees; looked up again only when rules or services are others.
import type { Host } from '@meltemi/base';
import type { DestinationRule, LocatedResource } from '@meltemi/config';
import type { Service } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import { type DestinationPolicy, destinationPolicy, type VisibleRules } from './destination-policy.ts';

type Policies = ReadonlyMap<Host, DestinationPolicy>;

interface Known {
  readonly services: readonly Service[];
  readonly mesh: MeshSettings;
  readonly policies: Policies;
}

/** By list of rules, then by who reads them. */
const known = new WeakMap<readonly LocatedResource<DestinationRule>[], Map<string, Known>>();

export function namespacePolicies(
  rules: readonly LocatedResource<DestinationRule>[],
  visible: VisibleRules,
  services: readonly Service[],
  mesh: MeshSettings,
): Policies {
  const readers = known.get(rules) ?? new Map<string, Known>();
  known.set(rules, readers);
  const key = JSON.stringify([visible.namespace, ...visible.selecting]);
  const before = readers.get(key);
  if (before?.mesh === mesh && sameItems(before.services, services)) return before.policies;
  const policies = new Map(services.map((service) => [service.host, destinationPolicy(visible, service, mesh)]));
  readers.set(key, { services, mesh, policies });
  return policies;
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
