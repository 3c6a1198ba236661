// What a store shows: a stat's cell with its names; and the making of cells by kind.
import { Counter, Gauge, Histogram } from './stat.ts';
import type { StatName } from './stat-name.ts';

/** A stat with its names, as the exposition formats read it. */
export type Stat =
  | { readonly kind: 'counter'; readonly name: StatName; readonly cell: Counter }
  | { readonly kind: 'gauge'; readonly name: StatName; readonly cell: Gauge }
  | { readonly kind: 'histogram'; readonly name: StatName; readonly cell: Histogram };

export type StatKind = Stat['kind'];
export type Cell = Stat['cell'];

const CELLS = { counter: Counter, gauge: Gauge, histogram: Histogram };

export function emptyCell(kind: StatKind): Cell {
  return new CELLS[kind]();
}

export function shownStat(name: StatName, cell: Cell): Stat {
  return { kind: kindOf(cell), name, cell } as Stat;
}

/** `cell`, which `name` has. Throws StatKindError when it is of another kind. */
export function cellOfKind(kind: StatKind, name: string, cell: Cell): Cell {
  if (!(cell instanceof CELLS[kind])) throw new StatKindError(name, kindOf(cell), kind);
  return cell;
}

/** A name was asked for as another kind than it was made: a mistake of the program. */
export class StatKindError extends Error {
  readonly code = 'STAT_KIND';

  constructor(name: string, held: StatKind, wanted: StatKind) {
    super(`stat ${name} is a ${held}, not a ${wanted}`);
  }
}

function kindOf(cell: Cell): StatKind {
  return cell instanceof Counter ? 'counter' : cell instanceof Gauge ? 'gauge' : 'histogram';
}
