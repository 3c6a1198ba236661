// The hosts of a cluster by what they are known by: an update keeps those that stay, retires those that went, and says who came and went.
import type { HostGroup } from './balance/host-group.ts';
import type { EndpointSet, EndpointSpec } from './discovery/endpoint-set.ts';
import { Host, type HostOwner, type HostPlace } from './endpoint/host.ts';

export interface HostChange {
  readonly added: readonly Host[];
  readonly removed: readonly Host[];
}

export class HostSet {
  #byIdentity = new Map<string, Host>();
  #groups: readonly HostGroup<Host>[] = [];
  /** Out of the set, with requests that are still on their way. */
  #draining: readonly Host[] = [];

  /** By locality and priority, as the endpoints came. */
  get groups(): readonly HostGroup<Host>[] {
    return this.#groups;
  }

  all(): Iterable<Host> {
    return this.#byIdentity.values();
  }

  get(identity: string): Host | undefined {
    return this.#byIdentity.get(identity);
  }

  /** An address that stands twice is one host, where it stands first. `keeps`: hosts that stay although they left the set. */
  replace(endpoints: EndpointSet, owner: HostOwner, keeps: (host: Host) => boolean): HostChange {
    const before = this.#byIdentity;
    const after = new Map<string, Host>();
    const groups: Members[] = endpoints.localities.map((place) => ({
      place,
      hosts: place.endpoints.flatMap((spec) => {
        if (after.has(spec.identity)) return [];
        const host = keepOrMake(before.get(spec.identity), owner, spec, place);
        after.set(spec.identity, host);
        return [host];
      }),
    }));
    for (const host of before.values()) {
      host.checks.leaving = !after.has(host.identity) && keeps(host);
      if (!host.checks.leaving) continue;
      after.set(host.identity, host);
      groupOf(groups, host).hosts.push(host);
    }
    this.#byIdentity = after;
    this.#groups = groups.map(({ place, hosts }) => ({ priority: place.priority, weight: place.weight, hosts }));
    const removed = [...before.values()].filter((host) => !after.has(host.identity));
    this.#retire(removed);
    return { added: [...after.values()].filter((host) => !before.has(host.identity)), removed };
  }

  /** One more host, in a group of its own kind. */
  add(spec: EndpointSpec, owner: HostOwner): Host {
    const host = new Host(owner, spec, LONE_PLACE);
    this.#byIdentity.set(host.identity, host);
    this.#groups = [{ priority: 0, weight: 1, hosts: [...this.all()] }];
    return host;
  }

  remove(gone: readonly Host[]): void {
    for (const host of gone) this.#byIdentity.delete(host.identity);
    this.#groups = this.#groups.map((group) => ({
      ...group,
      hosts: group.hosts.filter((host) => !gone.includes(host)),
    }));
    this.#retire(gone);
  }

  close(): void {
    for (const host of [...this.all(), ...this.#draining]) host.close();
  }

  #retire(gone: readonly Host[]): void {
    for (const host of gone) host.retire();
    this.#draining = [...this.#draining, ...gone].filter((host) => host.counters.connectionsActive > 0);
  }
}

const LONE_PLACE: HostPlace = { priority: 0, weight: 1, locality: { region: '', zone: '', subZone: '' } };

interface Members {
  readonly place: HostPlace;
  readonly hosts: Host[];
}

/** Where a host that left the endpoints stays: with its locality, or alone. */
function groupOf(groups: Members[], host: Host): Members {
  const { priority, locality } = host.place;
  const found = groups.find(({ place }) => {
    const { region, zone, subZone } = place.locality;
    const same = region === locality.region && zone === locality.zone && subZone === locality.subZone;
    return same && place.priority === priority;
  });
  if (found) return found;
  const alone = { place: host.place, hosts: [] };
  groups.push(alone);
  return alone;
}

function keepOrMake(known: Host | undefined, owner: HostOwner, spec: EndpointSpec, place: HostPlace): Host {
  known?.update(spec, place);
  return known ?? new Host(owner, spec, place);
}
