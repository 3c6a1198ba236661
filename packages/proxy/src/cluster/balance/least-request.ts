// The host with the fewest active requests: among a few random choices, among all, or by weights that shrink with them.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers#weighted-least-request
import type { Dice } from '@meltemi/base';
import type { LeastRequestSettings } from '../settings/balancer-settings.ts';
import type { BalancedHost, Balancer, BalancerContext } from './balanced-host.ts';
import { DeadlineSchedule } from './deadline-schedule.ts';
import { someWarms, warmth } from './slow-start.ts';

/** Where weights differ, a host's turn comes by its weight over its active requests. */
export function leastRequest<H extends BalancedHost>(
  hosts: readonly H[],
  settings: LeastRequestSettings,
  { clock, dice }: BalancerContext,
): Balancer<H> {
  const weight = hosts[0]?.weight;
  const { slowStart } = settings;
  const warms = someWarms(hosts, slowStart, clock.monotonic());
  if (!warms && hosts.every((host) => host.weight === weight)) {
    return settings.fullScan ? leastOfAll(hosts, dice) : leastOfSome(hosts, dice, settings.choices);
  }
  const weightOf = (host: H): number => {
    const part = slowStart && warms ? warmth(host, slowStart, clock.monotonic()) : 1;
    return (host.weight * part) / (host.activeRequests + 1) ** settings.bias;
  };
  const schedule = new DeadlineSchedule(hosts, weightOf);
  for (let skip = Math.floor(dice.roll() * hosts.length); skip > 0; skip--) schedule.next();
  return { pick: () => schedule.next() };
}

/** The first of equals among the drawn. */
function leastOfSome<H extends BalancedHost>(hosts: readonly H[], dice: Dice, choices: number): Balancer<H> {
  const draw = (): H | undefined => hosts[Math.floor(dice.roll() * hosts.length)];
  return {
    pick() {
      let best = draw();
      for (let choice = 1; choice < choices && best !== undefined; choice++) {
        const other = draw()!;
        if (other.activeRequests < best.activeRequests) best = other;
      }
      return best;
    },
  };
}

/** Any of equals. */
function leastOfAll<H extends BalancedHost>(hosts: readonly H[], dice: Dice): Balancer<H> {
  return {
    pick() {
      let best = hosts[0];
      let equals = 1;
      for (let index = 1; index < hosts.length; index++) {
        const other = hosts[index]!;
        if (other.activeRequests > best!.activeRequests) continue;
        equals = other.activeRequests < best!.activeRequests ? 1 : equals + 1;
        if (dice.roll() * equals < 1) best = other;
      }
      return best;
    },
  };
}
