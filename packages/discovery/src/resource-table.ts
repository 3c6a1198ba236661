// The resources of a type that a proxy is to have: tables that others have too, and its own, as one map.
import type { Fragment } from './fragment.ts';

export type ResourceTable = ReadonlyMap<string, Fragment>;

/** Immutable; later parts stand before earlier ones where both have a name. */
export class JoinedTable implements ResourceTable {
  readonly parts: readonly ResourceTable[];
  #size: number | undefined;

  constructor(parts: readonly ResourceTable[]) {
    this.parts = parts;
  }

  get size(): number {
    this.#size ??= this.parts.reduce((sum, part, index) => sum + this.#newIn(part, index), 0);
    return this.#size;
  }

  /** How many names of a part are in none before it. */
  #newIn(part: ResourceTable, index: number): number {
    const earlier = this.parts.slice(0, index).filter(({ size }) => size > 0);
    if (earlier.length === 0) return part.size;
    return part.keys().reduce((count, name) => (earlier.some((other) => other.has(name)) ? count : count + 1), 0);
  }

  get(name: string): Fragment | undefined {
    for (let index = this.parts.length - 1; index >= 0; index--) {
      const found = this.parts[index]!.get(name);
      if (found) return found;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.parts.some((part) => part.has(name));
  }

  *entries(): MapIterator<[string, Fragment]> {
    for (const [index, part] of this.parts.entries()) {
      const later = this.parts.slice(index + 1);
      for (const entry of part) if (!later.some((other) => other.has(entry[0]))) yield entry;
    }
    return undefined;
  }

  *keys(): MapIterator<string> {
    for (const [name] of this.entries()) yield name;
    return undefined;
  }

  *values(): MapIterator<Fragment> {
    for (const [, fragment] of this.entries()) yield fragment;
    return undefined;
  }

  forEach(visit: (fragment: Fragment, name: string, table: ResourceTable) => void): void {
    for (const [name, fragment] of this.entries()) visit(fragment, name, this);
  }

  [Symbol.iterator](): MapIterator<[string, Fragment]> {
    return this.entries();
  }
}

/** The tables that a table is joined of. */
export function partsOf(table: ResourceTable): readonly ResourceTable[] {
  return table instanceof JoinedTable ? table.parts : [table];
}

export function tableOf(fragments: readonly Fragment[]): ResourceTable {
  return new Map(fragments.map((fragment) => [fragment.name, fragment]));
}
