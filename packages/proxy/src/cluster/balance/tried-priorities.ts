// Turns the priorities that a request's tries went to into shares of the traffic for its next try: those that were tried get none.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.proto
import type { PriorityHosts, PriorityLoad, PriorityRules } from './priority-loads.ts';
import { loadsWithout } from './priority-loads.ts';

/** Of one request; knows of every host that was chosen for it. */
export class TriedPriorities {
  readonly #updateEvery: number;
  #tried: number[] = [];
  readonly #left = new Set<number>();
  #loads: readonly PriorityLoad[] | undefined;

  /** `updateEvery`: after so many tries those priorities are left out that were tried; at least 1. */
  constructor(updateEvery: number) {
    this.#updateEvery = updateEvery;
  }

  note(priority: number): void {
    this.#tried.push(priority);
  }

  /**
   * Shares by place in `priorities`, or undefined: as if nothing had been tried. When no available priority is
   * left, all may be tried again.
   */
  loads(
    priorities: readonly number[],
    hosts: readonly PriorityHosts[],
    rules: PriorityRules,
  ): readonly PriorityLoad[] | undefined {
    const count = this.#tried.length;
    if (count < this.#updateEvery) return undefined;
    if (count % this.#updateEvery !== 0) return this.#loads;
    for (const priority of this.#tried) this.#left.add(priority);
    this.#loads = this.#withoutLeft(priorities, hosts, rules) ?? this.#fromAnew(hosts, rules);
    return this.#loads;
  }

  #withoutLeft(priorities: readonly number[], hosts: readonly PriorityHosts[], rules: PriorityRules) {
    return loadsWithout(hosts, rules, (index) => this.#left.has(priorities[index]!));
  }

  #fromAnew(hosts: readonly PriorityHosts[], rules: PriorityRules): readonly PriorityLoad[] | undefined {
    this.#left.clear();
    this.#tried = [];
    return loadsWithout(hosts, rules, () => false);
  }
}
