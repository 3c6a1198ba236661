// The hosts of a cluster by address: an update keeps those that stay, retires those that went, and says if any changed.
import type { HostGroup } from './balance/load-balancer.ts';
import type { EndpointSet, EndpointSpec } from './discovery/endpoint-set.ts';
import { Host, type HostOwner, type HostPlace } from './endpoint/host.ts';

export class HostSet {
  #byAddress = new Map<string, Host>();
  #groups: readonly HostGroup<Host>[] = [];
  /** Out of the set, with requests that are still on their way. */
  #draining: readonly Host[] = [];

  /** By locality and priority, as the endpoints came. */
  get groups(): readonly HostGroup<Host>[] {
    return this.#groups;
  }

  all(): Iterable<Host> {
    return this.#byAddress.values();
  }

  /** True when a host came or went. An address that stands twice is one host, where it stands first. */
  replace(endpoints: EndpointSet, owner: HostOwner): boolean {
    const before = this.#byAddress;
    const after = new Map<string, Host>();
    this.#groups = endpoints.localities.map((place) => {
      const hosts: Host[] = [];
      for (const spec of place.endpoints) {
        if (after.has(spec.text)) continue;
        const host = keepOrMake(before.get(spec.text), owner, spec, place);
        after.set(spec.text, host);
        hosts.push(host);
      }
      return { priority: place.priority, weight: place.weight, hosts };
    });
    this.#byAddress = after;
    const gone = [...before.values()].filter((host) => !after.has(host.text));
    this.#retire(gone);
    return gone.length > 0 || after.size !== before.size;
  }

  close(): void {
    for (const host of [...this.all(), ...this.#draining]) host.close();
  }

  #retire(gone: readonly Host[]): void {
    for (const host of gone) host.retire();
    this.#draining = [...this.#draining, ...gone].filter((host) => host.counters.connectionsActive > 0);
  }
}

function keepOrMake(known: Host | undefined, owner: HostOwner, spec: EndpointSpec, place: HostPlace): Host {
  known?.update(spec, place);
  return known ?? new Host(owner, spec, place);
}
