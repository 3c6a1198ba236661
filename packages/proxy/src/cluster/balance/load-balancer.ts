// Turns groups of hosts into choices: first a priority by its health, then a locality by its weight, then a host.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority
import { type Hash64, remainder64 } from '@meltemi/base';
import type { BalancerContext } from './balanced-host.ts';
import type { LoadBalancing } from '../settings/balancer-settings.ts';
import { hashes } from './balancer.ts';
import { hashLevel } from './hash-level.ts';
import { type Availability, countHosts, type HostGroup, type LevelPick, type LoadHost } from './host-group.ts';
import { localityLevel } from './locality-level.ts';
import { type PriorityHosts, type PriorityLoad, priorityLoads, type PriorityRules } from './priority-loads.ts';
import type { TriedPriorities } from './tried-priorities.ts';

export interface LoadBalancerOptions extends BalancerContext {
  readonly rules: LoadBalancing;
  /** Percent. */
  readonly overprovisioning: number;
  /** The health of a priority is that of its hosts' weights, not of their number. */
  readonly healthByWeight: boolean;
  /** A host was chosen without regard to health, or would have been. */
  readonly onPanic: () => void;
}

/** One priority. */
interface Level<H extends LoadHost> {
  readonly priority: number;
  /** Percent of the traffic up to which this one takes it: first to its healthy hosts, in a second round to degraded ones. */
  readonly healthyUpTo: number;
  readonly degradedUpTo: number;
  readonly panic: boolean;
  readonly pick: LevelPick<H>;
}

/** Over a fixed state of membership and health; a change makes a new one. */
export class LoadBalancer<H extends LoadHost> {
  readonly #options: LoadBalancerOptions;
  readonly #levels: readonly Level<H>[];
  readonly #counts: readonly PriorityHosts[];
  readonly #priorityRules: PriorityRules;
  readonly #consistent: boolean;

  constructor(groups: readonly HostGroup<H>[], options: LoadBalancerOptions) {
    const { rules } = options;
    this.#options = options;
    this.#consistent = hashes(rules.balancer);
    const byPriority = levelsOf(groups);
    this.#counts = byPriority.map((level) => countHosts(level, options.healthByWeight));
    this.#priorityRules = { panicThreshold: rules.panicThreshold, overprovisioning: options.overprovisioning };
    const loads = priorityLoads(this.#counts, this.#priorityRules);
    let healthyUpTo = 0;
    let degradedUpTo = loads.reduce((sum, load) => sum + load.healthy, 0);
    this.#levels = byPriority.map((level, index) => {
      const { panic, healthy, degraded } = loads[index]!;
      healthyUpTo += healthy;
      degradedUpTo += degraded;
      const { priority } = level[0]!;
      return { priority, healthyUpTo, degradedUpTo, panic, pick: levelPick(level, panic, options) };
    });
  }

  /** Undefined: no host may be chosen. `tried`: says which priorities another try leaves out; hashes don't heed it. */
  pick(hash: Hash64 | undefined, attempt: number, tried?: TriedPriorities): H | undefined {
    const key = this.#consistent ? hash : undefined;
    if (tried && !this.#consistent) {
      const priorities = this.#levels.map((level) => level.priority);
      const loads = tried.loads(priorities, this.#counts, this.#priorityRules);
      if (loads) return this.#pickBy(loads, attempt);
    }
    const point = this.#pointOf(key);
    for (const level of this.#levels)
      if (point <= level.healthyUpTo) return this.#pickIn(level, 'healthy', key, attempt);
    for (const level of this.#levels)
      if (point <= level.degradedUpTo) return this.#pickIn(level, 'degraded', key, attempt);
    return undefined;
  }

  /** As `pick`, by other shares than those of the health alone. */
  #pickBy(loads: readonly PriorityLoad[], attempt: number): H | undefined {
    let left = Math.floor(this.#options.dice.roll() * 100) + 1;
    for (const availability of ['healthy', 'degraded'] as const) {
      for (const [index, level] of this.#levels.entries()) {
        left -= loads[index]![availability];
        if (left <= 0) return this.#pickIn(level, availability, undefined, attempt);
      }
    }
    return undefined;
  }

  #pickIn(level: Level<H>, availability: Availability, hash: Hash64 | undefined, attempt: number): H | undefined {
    if (!level.panic) return level.pick(availability, hash, attempt);
    this.#options.onPanic();
    return this.#options.rules.failOnPanic ? undefined : level.pick('all', hash, attempt);
  }

  /** In 1 to 100. A hash leads to the same priority each time; with one priority nothing is rolled. */
  #pointOf(hash: Hash64 | undefined): number {
    if (this.#levels.length === 1 && this.#levels[0]!.healthyUpTo === 100) return 1;
    return hash ? remainder64(hash, 100) + 1 : Math.floor(this.#options.dice.roll() * 100) + 1;
  }
}

/** Groups by priority, the most preferred (0) first. */
function levelsOf<H extends LoadHost>(groups: readonly HostGroup<H>[]): readonly (readonly HostGroup<H>[])[] {
  const byPriority = Map.groupBy(groups, (group) => group.priority);
  return [...byPriority.entries()].sort(([a], [b]) => a - b).map(([, members]) => members);
}

function levelPick<H extends LoadHost>(
  groups: readonly HostGroup<H>[],
  panic: boolean,
  options: LoadBalancerOptions,
): LevelPick<H> {
  const { rules, overprovisioning, clock, dice } = options;
  if (hashes(rules.balancer))
    return hashLevel(groups, rules.balancer, { panic, weighted: rules.localityWeighted, dice });
  return localityLevel(groups, rules.balancer, { weighted: rules.localityWeighted, overprovisioning, clock, dice });
}
