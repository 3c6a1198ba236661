// Turns the health of each priority into its share of the traffic, and says where health is ignored (panic).
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold

/** Numbers of hosts, or sums of their weights where health goes by weight. */
export interface PriorityHosts {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
}

/** Percents: healthy and degraded of all priorities together are 100, or 0 where there is no priority. */
export interface PriorityLoad {
  readonly healthy: number;
  readonly degraded: number;
  readonly panic: boolean;
}

/** Percents. */
export interface PriorityRules {
  readonly overprovisioning: number;
  readonly panicThreshold: number;
}

/** By priority, the most preferred first. */
export function priorityLoads(priorities: readonly PriorityHosts[], rules: PriorityRules): readonly PriorityLoad[] {
  const { healthy, degraded, together } = availabilities(priorities, rules);
  if (together === 0 && rules.panicThreshold === 0) return allToTheFirst(priorities);
  const panics = priorities.map((hosts) => together < 100 && availablePercent(hosts) < rules.panicThreshold);
  if (panics.every(Boolean)) return loadsInPanic(priorities);
  return loadsByHealth(healthy, degraded, together).map((load, index) => ({ ...load, panic: panics[index]! }));
}

/** What each would take if those that `isLeftOut` says had no hosts; undefined: the others have none to take it. */
export function loadsWithout(
  priorities: readonly PriorityHosts[],
  rules: PriorityRules,
  isLeftOut: (index: number) => boolean,
): readonly PriorityLoad[] | undefined {
  const left = priorities.map((hosts, index) => (isLeftOut(index) ? { ...hosts, healthy: 0, degraded: 0 } : hosts));
  const { healthy, degraded, together } = availabilities(left, rules);
  if (together === 0) return undefined;
  return loadsByHealth(healthy, degraded, together).map((load) => ({ ...load, panic: false }));
}

function availabilities(priorities: readonly PriorityHosts[], { overprovisioning }: PriorityRules) {
  const healthy = priorities.map((hosts) => availability(hosts.healthy, hosts.total, overprovisioning));
  const degraded = priorities.map((hosts) => availability(hosts.degraded, hosts.total, overprovisioning));
  return { healthy, degraded, together: Math.min(100, sum(healthy) + sum(degraded)) };
}

/** 100 while the available hosts, with their reserve, can carry everything. */
function availability(available: number, total: number, overprovisioning: number): number {
  return total === 0 ? 0 : Math.min(100, Math.floor((overprovisioning * available) / total));
}

function availablePercent({ healthy, degraded, total }: PriorityHosts): number {
  return total === 0 ? 0 : (100 * healthy) / total + (100 * degraded) / total;
}

/** No host is there, and none may be taken in spite of its health. */
function allToTheFirst(priorities: readonly PriorityHosts[]): readonly PriorityLoad[] {
  return priorities.map((_, index) => ({ healthy: index === 0 ? 100 : 0, degraded: 0, panic: false }));
}

/** By number of hosts, whatever their health; rounding goes to the first that has any. */
function loadsInPanic(priorities: readonly PriorityHosts[]): readonly PriorityLoad[] {
  const total = sum(priorities.map((hosts) => hosts.total));
  const loads = priorities.map((hosts) => (total === 0 ? 0 : Math.floor((100 * hosts.total) / total)));
  const first = Math.max(
    0,
    priorities.findIndex((hosts) => hosts.total > 0),
  );
  if (loads.length > 0) loads[first]! += 100 - sum(loads);
  return loads.map((healthy) => ({ healthy, degraded: 0, panic: true }));
}

/** First to healthy hosts in the order of priorities, then to degraded ones; rounding goes to the first available. */
function loadsByHealth(healthy: readonly number[], degraded: readonly number[], together: number) {
  const toHealthy = distribute(healthy, 100, together);
  const toDegraded = distribute(degraded, 100 - sum(toHealthy), together);
  const left = 100 - sum(toHealthy) - sum(toDegraded);
  const first = healthy.findIndex((each) => each > 0);
  if (left > 0 && first >= 0) toHealthy[first]! += left;
  else if (left > 0) toDegraded[degraded.findIndex((each) => each > 0)]! += left;
  return toHealthy.map((load, index) => ({ healthy: load, degraded: toDegraded[index]! }));
}

/** Each takes what its availability allows of what the ones before left over. */
function distribute(availabilities: readonly number[], load: number, together: number): number[] {
  let left = load;
  return availabilities.map((each) => {
    const taken = Math.min(left, Math.floor((each * 100) / together));
    left -= taken;
    return taken;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
