// Writes that wait → the next one to send, small ones joined.

/** At most so many bytes are joined into one write. */
const maxJoined = 64 * 1024;

export class WriteQueue {
  /** Bytes that wait. */
  bytes = 0;
  #items: (Buffer | string)[] = [];

  push(data: Buffer | string): void {
    this.#items.push(data);
    this.bytes += data.length;
  }

  /** Takes out what to send next: everything joined while it is little, else the first. */
  next(): Buffer | string {
    const items = this.#items;
    if (items.length > 1 && this.bytes <= maxJoined) {
      const joined = Buffer.concat(
        items.map((item) => (typeof item === 'string' ? Buffer.from(item, 'latin1') : item)),
      );
      this.clear();
      return joined;
    }
    const first = items.shift()!;
    this.bytes -= first.length;
    return first;
  }

  clear(): void {
    this.#items = [];
    this.bytes = 0;
  }
}
