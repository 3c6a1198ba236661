// The host with the fewest active requests among a few random choices (power of two choices).
import type { Dice } from '@meltemi/base';
import type { BalancedHost, Balancer } from './balanced-host.ts';
import { WeightedChoice } from './weighted-choice.ts';

/** Candidates are drawn by weight; the one with the fewest active requests per weight wins, the first of equals. */
export function leastRequest<H extends BalancedHost>(hosts: readonly H[], dice: Dice, choices: number): Balancer<H> {
  const draw = drawer(hosts, dice);
  return {
    pick() {
      let best = draw();
      for (let choice = 1; choice < choices && best !== undefined; choice++) {
        const other = draw()!;
        if (other.activeRequests * best.weight < best.activeRequests * other.weight) best = other;
      }
      return best;
    },
  };
}

function drawer<H extends BalancedHost>(hosts: readonly H[], dice: Dice): () => H | undefined {
  const weight = hosts[0]?.weight;
  if (hosts.every((host) => host.weight === weight)) return () => hosts[Math.floor(dice.roll() * hosts.length)];
  const choice = new WeightedChoice(hosts.map((host) => host.weight));
  return () => hosts[choice.choose(dice.roll())];
}
