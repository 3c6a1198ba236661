// Things by what an answer depended on: found again for every request that would get the same answer.
import type { AttributeBag } from '../attributes/attribute-bag.ts';
import type { ReceivedReference } from '../attributes/referenced-attributes.ts';

import { ReferenceShape } from './reference-shape.ts';
import type { Key } from './value-key.ts';

/** By the first key, then the second …: looking up makes no text of them and no hash. */
interface Branch<Content> {
  readonly next: Map<Key, Branch<Content>>;
  content: Content | undefined;
}

interface Shelf<Content> {
  readonly shape: ReferenceShape;
  root: Branch<Content>;
  size: number;
}

/** A policy has few shapes: one for each way through its rules. */
const MAX_SHAPES = 64;

export class ReferenceCache<Content extends object> {
  readonly #maxEntries: number;
  readonly #shelves = new Map<string, Shelf<Content>>();
  /** Of the request that is looked at. */
  readonly #keys: Key[] = [];
  #size = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#size;
  }

  find(attributes: AttributeBag, holds: (content: Content) => boolean): Content | undefined {
    for (const { shape, root } of this.#shelves.values()) {
      const count = shape.readKeys(attributes, this.#keys);
      let branch: Branch<Content> | undefined = count < 0 ? undefined : root;
      for (let index = 0; branch && index < count; index++) branch = branch.next.get(this.#keys[index]!);
      const content = branch?.content;
      if (content !== undefined && holds(content)) return content;
    }
    return undefined;
  }

  /** Nothing is kept where the references don't fit the request. A shelf that grows beyond the limit begins anew. */
  put(attributes: AttributeBag, references: readonly ReceivedReference[], content: Content): void {
    const shape = ReferenceShape.of(references, attributes);
    if (!shape) return;
    const shelf = this.#shelf(shape);
    if (this.#size >= this.#maxEntries) this.#clear(shelf);
    const count = shape.readKeys(attributes, this.#keys);
    let branch = shelf.root;
    for (const key of this.#keys.slice(0, count)) branch = nextBranch(branch, key);
    if (branch.content === undefined) {
      shelf.size++;
      this.#size++;
    }
    branch.content = content;
  }

  #shelf(shape: ReferenceShape): Shelf<Content> {
    const known = this.#shelves.get(shape.identity);
    if (known) return known;
    if (this.#shelves.size >= MAX_SHAPES) this.#forgetAll();
    const shelf: Shelf<Content> = { shape, root: newBranch(), size: 0 };
    this.#shelves.set(shape.identity, shelf);
    return shelf;
  }

  /** All where this one has nothing to give. */
  #clear(shelf: Shelf<Content>): void {
    for (const each of shelf.size > 0 ? [shelf] : this.#shelves.values()) {
      this.#size -= each.size;
      each.size = 0;
      each.root = newBranch();
    }
  }

  #forgetAll(): void {
    this.#shelves.clear();
    this.#size = 0;
  }
}

function newBranch<Content>(): Branch<Content> {
  return { next: new Map(), content: undefined };
}

function nextBranch<Content>(branch: Branch<Content>, key: Key): Branch<Content> {
  const known = branch.next.get(key);
  if (known) return known;
  const made = newBranch<Content>();
  branch.next.set(key, made);
  return made;
}
