// How much the peer may still send, of one stream or of the connection (RFC 9113 §5.2).

export class ReceiveWindow {
  #size: number;
  #available: number;
  /** Taken by the reader, and not yet given back to the peer. */
  #consumed = 0;

  constructor(size: number) {
    this.#size = size;
    this.#available = size;
  }

  /** Counts what came; false when the peer sent more than it may. */
  take(bytes: number): boolean {
    this.#available -= bytes;
    return this.#available >= 0;
  }

  /** Counts what the reader took and returns by how much to raise the window: by halves, so that updates are few. */
  consume(bytes: number): number {
    this.#consumed += bytes;
    if (this.#consumed * 2 < this.#size) return 0;
    const increment = this.#consumed;
    this.#consumed = 0;
    this.#available += increment;
    return increment;
  }

  /** The size that both sides agreed on changed. */
  resize(size: number): void {
    this.#available += size - this.#size;
    this.#size = size;
  }
}
