// What a reflector finds → a map of it, by a key; and word of each change.
import type { ReflectorTarget } from './reflector.ts';

export class ReflectedMap<Item> implements ReflectorTarget<Item> {
  readonly #keyOf: (item: Item) => string;
  readonly #changed: () => void;
  #items = new Map<string, Item>();

  constructor(keyOf: (item: Item) => string, changed: () => void) {
    this.#keyOf = keyOf;
    this.#changed = changed;
  }

  get items(): ReadonlyMap<string, Item> {
    return this.#items;
  }

  replace(items: readonly Item[]): void {
    this.#items = new Map(items.map((item) => [this.#keyOf(item), item]));
    this.#changed();
  }

  put(item: Item): void {
    this.#items.set(this.#keyOf(item), item);
    this.#changed();
  }

  remove(item: Item): void {
    if (this.#items.delete(this.#keyOf(item))) this.#changed();
  }

  /** Remembers what was just written, before the reflector says it. */
  keep(item: Item): void {
    this.#items.set(this.#keyOf(item), item);
  }
}
