// Turns the health of each priority into its share of the traffic, and says where health is ignored (panic).
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold

export interface PriorityHosts {
  readonly total: number;
  readonly available: number;
}

export interface PriorityLoad {
  /** Percent; of all priorities together 100, or 0 when there is no host to send to. */
  readonly load: number;
  readonly panic: boolean;
}

/** Percents. */
export interface PriorityRules {
  readonly overprovisioning: number;
  readonly panicThreshold: number;
}

/** By priority, the most preferred first. */
export function priorityLoads(priorities: readonly PriorityHosts[], rules: PriorityRules): readonly PriorityLoad[] {
  const healths = priorities.map((hosts) => healthOf(hosts, rules.overprovisioning));
  const together = Math.min(
    100,
    healths.reduce((sum, health) => sum + health, 0),
  );
  const panics = priorities.map((hosts) => together < 100 && availablePercent(hosts) < rules.panicThreshold);
  const loads = panics.every(Boolean) ? loadsByCount(priorities) : loadsByHealth(healths, together);
  return loads.map((load, index) => ({ load, panic: panics[index]! }));
}

/** 100 while the healthy hosts, with their reserve, can carry everything. */
function healthOf(hosts: PriorityHosts, overprovisioning: number): number {
  if (hosts.total === 0) return 0;
  return Math.min(100, Math.floor((overprovisioning * hosts.available) / hosts.total));
}

function availablePercent(hosts: PriorityHosts): number {
  return hosts.total === 0 ? 0 : (100 * hosts.available) / hosts.total;
}

/** Each takes what its health allows of what the ones before left over; rounding goes to the first that is healthy. */
function loadsByHealth(healths: readonly number[], together: number): number[] {
  if (together === 0) return healths.map(() => 0);
  let left = 100;
  const loads = healths.map((health) => {
    const load = Math.min(left, Math.floor((health * 100) / together));
    left -= load;
    return load;
  });
  const first = healths.findIndex((health) => health > 0);
  loads[first]! += left;
  return loads;
}

function loadsByCount(priorities: readonly PriorityHosts[]): number[] {
  const total = priorities.reduce((sum, hosts) => sum + hosts.total, 0);
  return priorities.map((hosts) => (total === 0 ? 0 : (100 * hosts.total) / total));
}
