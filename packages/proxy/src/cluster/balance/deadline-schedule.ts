// Turns weights into an order of turns, each host as often as its weight and evenly spread (earliest deadline first).

interface Turn<H> {
  readonly host: H;
  readonly order: number;
  deadline: number;
}

/** A binary heap of turns: O(log n) a pick, where smooth weighted round robin costs O(n). */
export class DeadlineSchedule<H> {
  readonly #heap: Turn<H>[];
  readonly #weightOf: (host: H) => number;

  /** Weights are above 0, and may be others at each turn. */
  constructor(hosts: readonly H[], weightOf: (host: H) => number) {
    this.#weightOf = weightOf;
    this.#heap = hosts.map((host, order) => ({ host, order, deadline: 1 / weightOf(host) }));
    this.#heap.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  next(): H | undefined {
    const turn = this.#heap[0];
    if (!turn) return undefined;
    turn.deadline += 1 / this.#weightOf(turn.host);
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

/** Sums of the same weight that rounding set apart are the same. */
const NEARLY = 1e-9;

function isBefore(a: Turn<unknown>, b: Turn<unknown>): boolean {
  const apart = a.deadline - b.deadline;
  if (Math.abs(apart) > NEARLY * Math.max(1, a.deadline)) return apart < 0;
  return a.order < b.order;
}
