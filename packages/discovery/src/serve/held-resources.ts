// What a receiver has of one type: a table that many receivers have, but for what this one has otherwise.
import type { Fragment } from '../fragment.ts';
import type { ResourceTable } from '../resource-table.ts';

/** A resource that the receiver has. Its content is unknown where an earlier stream brought it. */
export interface Held {
  /** Empty: the receiver was told that there is no such resource. */
  readonly version: string;
  readonly fragment: Fragment | undefined;
}

const NOTHING: ResourceTable = new Map();

export class HeldResources {
  #base = NOTHING;
  /** In place of the table's; undefined: not there. */
  #own = new Map<string, Held | undefined>();

  get isEmpty(): boolean {
    return this.names().next().done === true;
  }

  /** How many are otherwise than in the table. */
  get own(): number {
    return this.#own.size;
  }

  get(name: string): Held | undefined {
    if (this.#own.has(name)) return this.#own.get(name);
    const fragment = this.#base.get(name);
    return fragment && { version: fragment.version, fragment };
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Undefined: nothing is held of that name. */
  version(name: string): string | undefined {
    return this.#own.has(name) ? this.#own.get(name)?.version : this.#base.get(name)?.version;
  }

  set(name: string, held: Held): void {
    this.#own.set(name, held);
  }

  delete(name: string): void {
    if (this.#base.has(name)) this.#own.set(name, undefined);
    else this.#own.delete(name);
  }

  /** It has all of the table, and nothing else. */
  rebase(table: ResourceTable): void {
    this.#base = table;
    this.#own = new Map();
  }

  copy(): HeldResources {
    const copy = new HeldResources();
    copy.#base = this.#base;
    copy.#own = new Map(this.#own);
    return copy;
  }

  *names(): Generator<string, void> {
    for (const name of this.#base.keys()) if (!this.#own.has(name)) yield name;
    for (const [name, held] of this.#own) if (held) yield name;
  }

  *fragments(): Generator<Fragment, void> {
    for (const [name, fragment] of this.#base) if (!this.#own.has(name)) yield fragment;
    for (const held of this.#own.values()) if (held?.fragment) yield held.fragment;
  }
}
