// The stats below one prefix: by the part of the name behind it, each there for as long as one of the owners holds it.
import { type Cell, cellOfKind, emptyCell, shownStat, type Stat, type StatKind } from './held-stat.ts';
import { type StatPrefix, statName } from './stat-name.ts';

/** Who holds a stat; most have one owner. */
type Owners = object | Set<object>;

interface OwnedStat {
  readonly cell: Cell;
  owners: Owners;
}

/** Full names are made when somebody looks: a proxy of a thousand clusters has tens of thousands of stats. */
export class StatFamily {
  readonly #prefix: StatPrefix;
  readonly #tagPrefix: string;
  readonly #stats = new Map<string, OwnedStat>();

  constructor(prefix: StatPrefix, tagPrefix: string) {
    this.#prefix = prefix;
    this.#tagPrefix = tagPrefix;
  }

  get isEmpty(): boolean {
    return this.#stats.size === 0;
  }

  shown(): readonly Stat[] {
    return [...this.#stats].map(([name, { cell }]) => shownStat(statName(this.#prefix, name, this.#tagPrefix), cell));
  }

  /** From now on held by `owner` too. Throws StatKindError. */
  hold(kind: StatKind, name: string, owner: object): Cell {
    const known = this.#stats.get(name);
    if (!known) {
      const cell = emptyCell(kind);
      this.#stats.set(name, { cell, owners: owner });
      return cell;
    }
    if (known.owners !== owner) known.owners = withOwner(known.owners, owner);
    return cellOfKind(kind, this.#prefix.text + name, known.cell);
  }

  /** Gives up all that `owner` holds. */
  release(owner: object): void {
    for (const [name, { owners }] of this.#stats)
      if (owners === owner || (owners instanceof Set && owners.delete(owner) && owners.size === 0))
        this.#stats.delete(name);
  }
}

function withOwner(owners: Owners, owner: object): Owners {
  return owners instanceof Set ? owners.add(owner) : new Set([owners, owner]);
}
