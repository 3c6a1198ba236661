// Keeps what passed on each flow in the last minutes, stretch by stretch.
import { type Amount, sumOf } from './amount.ts';
import type { CountedFlow, Reporter } from './count-samples.ts';
import type { Flow } from './flow.ts';

/** Between two looks. */
export interface Stretch {
  /** When it ended, in milliseconds. */
  readonly time: number;
  readonly seconds: number;
}

/** What passed on a flow: as its server saw it, and as its client did. */
export type Seen = Readonly<Record<Reporter, Amount>>;

interface Piece {
  readonly stretch: Stretch;
  readonly reporter: Reporter;
  readonly amount: Amount;
}

export const HISTORY_MS = 5 * 60_000;
/** What is shown as now. */
export const NOW_MS = 10_000;
/** More flows than anybody could look at; the newest are left out. */
const MAX_FLOWS = 2_000;

export class TrafficStore {
  readonly #pieces = new Map<string, { readonly flow: Flow; pieces: Piece[] }>();
  #stretches: Stretch[] = [];

  add(stretch: Stretch, counted: readonly CountedFlow[]): void {
    this.#stretches.push(stretch);
    for (const { flow, reporter, amount } of counted) {
      const known = this.#pieces.get(flow.id);
      if (!known && this.#pieces.size >= MAX_FLOWS) continue;
      const kept = known ?? { flow, pieces: [] };
      this.#pieces.set(flow.id, kept);
      kept.pieces.push({ stretch, reporter, amount });
    }
    this.#forget(stretch.time - HISTORY_MS);
  }

  /** All that had traffic in the history. */
  get flows(): readonly Flow[] {
    return [...this.#pieces.values()].map(({ flow }) => flow);
  }

  get stretches(): readonly Stretch[] {
    return this.#stretches;
  }

  /** Seconds that were looked at since then. */
  secondsSince(time: number): number {
    return this.#stretches.filter((stretch) => stretch.time > time).reduce((sum, { seconds }) => sum + seconds, 0);
  }

  seenSince(flow: Flow, time: number): Seen {
    return seenIn(this.#piecesOf(flow).filter(({ stretch }) => stretch.time > time));
  }

  /** Only of stretches in which something passed. */
  history(flow: Flow): ReadonlyMap<Stretch, Seen> {
    const grouped = Map.groupBy(this.#piecesOf(flow), ({ stretch }) => stretch);
    return new Map([...grouped].map(([stretch, pieces]) => [stretch, seenIn(pieces)]));
  }

  #piecesOf(flow: Flow): readonly Piece[] {
    return this.#pieces.get(flow.id)?.pieces ?? [];
  }

  #forget(before: number): void {
    this.#stretches = this.#stretches.filter(({ time }) => time > before);
    for (const [id, kept] of this.#pieces) {
      kept.pieces = kept.pieces.filter(({ stretch }) => stretch.time > before);
      if (kept.pieces.length === 0) this.#pieces.delete(id);
    }
  }
}

/** As its client saw it, which also sees what never arrived; else as its server did. */
export function passed({ source, destination }: Seen): Amount {
  return source.requests + source.bytes > 0 ? source : destination;
}

function seenIn(pieces: readonly Piece[]): Seen {
  const by = (wanted: Reporter) =>
    sumOf(pieces.filter(({ reporter }) => reporter === wanted).map(({ amount }) => amount));
  return { source: by('source'), destination: by('destination') };
}
