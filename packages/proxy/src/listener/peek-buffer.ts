// Keeps what was read of a connection until it is known where the bytes go; grows by doubling, however small the reads are.

const FIRST_SIZE = 1024;
const NOTHING = Buffer.alloc(0);

export class PeekBuffer {
  #block = NOTHING;
  #start = 0;
  #end = 0;

  /** Everything that was read and not taken; valid until the next call. */
  get bytes(): Buffer {
    return this.#block.subarray(this.#start, this.#end);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  append(bytes: Buffer): void {
    const wanted = this.#end + bytes.length;
    if (wanted > this.#block.length) this.#grow(wanted);
    bytes.copy(this.#block, this.#end);
    this.#end = wanted;
  }

  /** Drops the first bytes. */
  take(count: number): void {
    this.#start += count;
  }

  /** Hands over what is kept; undefined: nothing. */
  release(): Buffer | undefined {
    const bytes = this.length === 0 ? undefined : this.bytes;
    this.#block = NOTHING;
    this.#start = this.#end = 0;
    return bytes;
  }

  #grow(wanted: number): void {
    const block = Buffer.allocUnsafe(Math.max(FIRST_SIZE, 2 ** Math.ceil(Math.log2(wanted))));
    this.#block.copy(block, 0, 0, this.#end);
    this.#block = block;
  }
}
