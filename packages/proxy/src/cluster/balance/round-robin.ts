// Hosts in turn; with weights, each as often as its weight and evenly spread.
import type { Dice } from '@meltemi/base';
import type { BalancedHost, Balancer, BalancerContext } from './balanced-host.ts';
import { DeadlineSchedule } from './deadline-schedule.ts';
import { type SlowStart, someWarms, warmth } from './slow-start.ts';

/** Starts at a random host, so that many proxies do not all begin with the first one. */
export function roundRobin<H extends BalancedHost>(
  hosts: readonly H[],
  slowStart: SlowStart | undefined,
  { clock, dice }: BalancerContext,
): Balancer<H> {
  const weight = hosts[0]?.weight;
  const warms = someWarms(hosts, slowStart, clock.monotonic());
  if (!warms && hosts.every((host) => host.weight === weight)) return inTurn(hosts, dice);
  const weightOf = (host: H): number =>
    slowStart && warms ? host.weight * warmth(host, slowStart, clock.monotonic()) : host.weight;
  const schedule = new DeadlineSchedule(hosts, weightOf);
  for (let skip = Math.floor(dice.roll() * hosts.length); skip > 0; skip--) schedule.next();
  return { pick: () => schedule.next() };
}

function inTurn<H extends BalancedHost>(hosts: readonly H[], dice: Dice): Balancer<H> {
  let next = Math.floor(dice.roll() * hosts.length);
  return {
    pick() {
      if (next >= hosts.length) next = 0;
      return hosts[next++];
    },
  };
}
