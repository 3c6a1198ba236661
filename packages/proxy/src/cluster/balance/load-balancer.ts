// Turns groups of hosts into choices: first a priority by its health, then a locality by its weight, then a host.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority
import type { Dice } from '@meltemi/base';
import type { HostHealth } from '../cluster.ts';
import type { BalancerSettings } from '../settings/balancer-settings.ts';
import type { BalancedHost, Balancer } from './balanced-host.ts';
import { balancerOf } from './balancer.ts';
import { rehash32 } from './hash32.ts';
import { priorityLoads } from './priority-loads.ts';
import { WeightedChoice } from './weighted-choice.ts';

export interface LoadHost extends BalancedHost {
  readonly health: HostHealth;
  /** By outlier detection. */
  readonly ejected: boolean;
}

/** Hosts of one locality at one priority. */
export interface HostGroup<H extends LoadHost> {
  readonly priority: number;
  readonly weight: number;
  readonly hosts: readonly H[];
}

export interface LoadBalancerOptions {
  readonly balancer: BalancerSettings;
  /** Percent. */
  readonly panicThreshold: number;
  /** Percent. */
  readonly overprovisioning: number;
  readonly localityWeighted: boolean;
  readonly dice: Dice;
  /** A host was chosen without regard to health. */
  readonly onPanic: () => void;
}

/** Over a fixed state of membership and health; a change makes a new one. */
export class LoadBalancer<H extends LoadHost> {
  readonly #options: LoadBalancerOptions;
  readonly #levels: readonly Level<H>[];
  /** Undefined where one priority takes all. */
  readonly #choice: WeightedChoice | undefined;
  readonly #consistent: boolean;

  constructor(groups: readonly HostGroup<H>[], options: LoadBalancerOptions) {
    this.#options = options;
    this.#consistent = options.balancer.kind === 'ring-hash' || options.balancer.kind === 'maglev';
    const levels = levelsOf(groups);
    const loads = priorityLoads(levels.map(countHosts), options);
    const used = levels.flatMap((level, index) =>
      loads[index]!.load > 0 ? [{ load: loads[index]!.load, panic: loads[index]!.panic, groups: level }] : [],
    );
    this.#levels = used.map(({ groups: members, panic }) => ({ panic, pick: levelPick(members, panic, options) }));
    this.#choice = used.length > 1 ? new WeightedChoice(used.map((level) => level.load)) : undefined;
  }

  /** Undefined: no host may be chosen. */
  pick(hash: number | undefined, attempt: number): H | undefined {
    const key = this.#consistent ? hash : undefined;
    const level = this.#levels[this.#choice ? this.#choice.choose(rollOf(key, this.#options.dice)) : 0];
    if (level?.panic) this.#options.onPanic();
    return level?.pick(key, attempt);
  }
}

/** A hash leads to the same priority and locality each time. */
function rollOf(hash: number | undefined, dice: Dice): number {
  return hash === undefined ? dice.roll() : rehash32(hash, 1) / 0x1_0000_0000;
}

type Pick<H> = (hash: number | undefined, attempt: number) => H | undefined;

interface Level<H> {
  readonly panic: boolean;
  readonly pick: Pick<H>;
}

/** Groups by priority, the most preferred (0) first. */
function levelsOf<H extends LoadHost>(groups: readonly HostGroup<H>[]): readonly (readonly HostGroup<H>[])[] {
  const byPriority = Map.groupBy(groups, (group) => group.priority);
  return [...byPriority.entries()].sort(([a], [b]) => a - b).map(([, members]) => members);
}

function countHosts<H extends LoadHost>(groups: readonly HostGroup<H>[]) {
  const hosts = groups.flatMap((group) => group.hosts);
  return { total: hosts.length, available: availableHosts(hosts).length };
}

/** Healthy hosts; where there is none, degraded ones. */
function availableHosts<H extends LoadHost>(hosts: readonly H[]): readonly H[] {
  const healthy = hosts.filter((host) => host.health === 'healthy' && !host.ejected);
  return healthy.length > 0 ? healthy : hosts.filter((host) => host.health === 'degraded' && !host.ejected);
}

function levelPick<H extends LoadHost>(
  groups: readonly HostGroup<H>[],
  panic: boolean,
  options: LoadBalancerOptions,
): Pick<H> {
  if (options.localityWeighted) return localityPick(groups, panic, options);
  const hosts = groups.flatMap((group) => group.hosts);
  const balancer = balancerOf(options.balancer, panic ? hosts : availableHosts(hosts), options.dice);
  return (hash, attempt) => balancer.pick(hash, attempt);
}

/** A locality keeps its whole weight while enough of its hosts are healthy, then loses in proportion. */
function localityPick<H extends LoadHost>(
  groups: readonly HostGroup<H>[],
  panic: boolean,
  options: LoadBalancerOptions,
): Pick<H> {
  const weights = groups.map((group) => effectiveWeight(group, panic, options.overprovisioning));
  if (!weights.some((weight) => weight > 0)) return levelPick(groups, panic, { ...options, localityWeighted: false });
  const balancers: readonly Balancer<H>[] = groups.map((group) =>
    balancerOf(options.balancer, panic ? group.hosts : availableHosts(group.hosts), options.dice),
  );
  const choice = new WeightedChoice(weights);
  return (hash, attempt) => balancers[choice.choose(rollOf(hash, options.dice))]!.pick(hash, attempt);
}

function effectiveWeight<H extends LoadHost>(group: HostGroup<H>, panic: boolean, overprovisioning: number): number {
  if (group.hosts.length === 0) return 0;
  if (panic) return group.weight;
  const share = availableHosts(group.hosts).length / group.hosts.length;
  return group.weight * Math.min(1, (share * overprovisioning) / 100);
}
