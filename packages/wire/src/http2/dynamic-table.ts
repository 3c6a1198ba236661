// The fields that two HPACK endpoints have lately told each other, newest first (RFC 7541 §2.3.2, §4).
import { type Field, fieldSize } from './field.ts';

/** A ring; an entry's number counts all that were ever added, so it stays the same while its index moves. */
export class DynamicTable {
  readonly #onEvict: ((field: Field, number: number) => void) | undefined;
  #ring: (Field | undefined)[] = Array.from({ length: 16 });
  #capacity: number;
  #bytes = 0;
  #added = 0;
  #count = 0;

  constructor(capacity: number, onEvict?: (field: Field, number: number) => void) {
    this.#capacity = capacity;
    this.#onEvict = onEvict;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes that its fields may count for. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The newest is 0. */
  at(position: number): Field | undefined {
    if (position >= this.#count) return undefined;
    return this.#ring[(this.#added - 1 - position) & (this.#ring.length - 1)];
  }

  positionOf(number: number): number {
    return this.#added - 1 - number;
  }

  /** Adds the field and returns its number; a field larger than the table only empties it: undefined. */
  add(field: Field): number | undefined {
    const size = fieldSize(field);
    this.#evictTo(this.#capacity - size);
    if (size > this.#capacity) return undefined;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[this.#added & (this.#ring.length - 1)] = field;
    this.#bytes += size;
    this.#count++;
    return this.#added++;
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#evictTo(capacity);
  }

  #evictTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const number = this.#added - this.#count;
      const slot = number & (this.#ring.length - 1);
      const field = this.#ring[slot]!;
      this.#ring[slot] = undefined;
      this.#bytes -= fieldSize(field);
      this.#count--;
      this.#onEvict?.(field, number);
    }
  }

  #grow(): void {
    const larger: (Field | undefined)[] = Array.from({ length: this.#ring.length * 2 });
    for (let number = this.#added - this.#count; number < this.#added; number++) {
      larger[number & (larger.length - 1)] = this.#ring[number & (this.#ring.length - 1)];
    }
    this.#ring = larger;
  }
}
