// The attributes that exist, with their types: manifests → a slot (a small number) for each name.
import type { ValueType } from '../values/value-type.ts';

/** Attribute names and their types, as a manifest declares them. */
export type Manifest = Readonly<Record<string, ValueType>>;

export interface AttributeSlot {
  readonly slot: number;
  readonly type: ValueType;
}

/** Immutable. Compiled expressions and the bags they read share one. */
export class Vocabulary {
  readonly names: readonly string[];
  readonly types: readonly ValueType[];
  readonly #slots: ReadonlyMap<string, AttributeSlot>;

  constructor(manifest: Manifest) {
    const entries = Object.entries(manifest);
    this.names = entries.map(([name]) => name);
    this.types = entries.map(([, type]) => type);
    this.#slots = new Map(entries.map(([name, type], slot) => [name, { slot, type }]));
  }

  /** Undefined for a name that no manifest declares. */
  find(name: string): AttributeSlot | undefined {
    return this.#slots.get(name);
  }
}
