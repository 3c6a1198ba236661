// Hosts in turn; with weights, each as often as its weight and evenly spread (earliest deadline first).
import type { Dice } from '@meltemi/base';
import type { BalancedHost, Balancer } from './balanced-host.ts';

/** Starts at a random host, so that many proxies do not all begin with the first one. */
export function roundRobin<H extends BalancedHost>(hosts: readonly H[], dice: Dice): Balancer<H> {
  const weight = hosts[0]?.weight;
  if (hosts.every((host) => host.weight === weight)) return inTurn(hosts, dice);
  const schedule = new DeadlineSchedule(hosts);
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

interface Turn<H> {
  readonly host: H;
  readonly order: number;
  /** How often it was chosen, the coming time included. */
  count: number;
  /** `count / weight`: computed, not summed, so that rounding never adds up. */
  deadline: number;
}

/** A binary heap of turns: O(log n) a pick, where smooth weighted round robin costs O(n). */
class DeadlineSchedule<H extends BalancedHost> {
  readonly #heap: Turn<H>[];

  constructor(hosts: readonly H[]) {
    this.#heap = hosts.map((host, order) => ({ host, order, count: 1, deadline: 1 / host.weight }));
    this.#heap.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  next(): H | undefined {
    const turn = this.#heap[0];
    if (!turn) return undefined;
    turn.count++;
    turn.deadline = turn.count / turn.host.weight;
    this.#sink();
    return turn.host;
  }

  /** Moves the root down to its place. */
  #sink(): void {
    const heap = this.#heap;
    const moved = heap[0]!;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, moved)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = moved;
  }
}

function isBefore(a: Turn<unknown>, b: Turn<unknown>): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
