// Bytes of one direction of a MongoDB connection → the headers of its messages; their bodies are only counted off.
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/

export interface MongoMessage {
  readonly requestId: number;
  readonly responseTo: number;
  readonly opCode: number;
  /** The four bytes after the header: the flags of a query or a reply. */
  readonly flags: number;
  /** Of a reply: whether a cursor stays open. */
  readonly hasCursor: boolean;
}

/** length, request id, response to, opcode. */
const HEADER = 16;
/** With the flags and, of a reply, the cursor's id. */
const LOOKED_AT = 28;
/** Reply, insert, query, get more, delete, kill cursors, command and its reply. */
const KNOWN_OPERATIONS: ReadonlySet<number> = new Set([1, 2002, 2004, 2005, 2006, 2007, 2010, 2011]);

export class MongoReader {
  readonly #onMessage: (message: MongoMessage) => void;
  readonly #head = Buffer.alloc(LOOKED_AT);
  #have = 0;
  /** Of the message that is read; 0: not known yet. */
  #length = 0;
  /** Bytes of its body that are still to come. */
  #skip = 0;

  constructor(onMessage: (message: MongoMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** False: the bytes are no messages that Envoy knows; it is not to be called again. */
  read(bytes: Buffer): boolean {
    for (let pos = 0; pos < bytes.length;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - pos);
        this.#skip -= skipped;
        pos += skipped;
        continue;
      }
      const wanted = this.#length === 0 ? HEADER : Math.min(LOOKED_AT, this.#length);
      const copied = bytes.copy(this.#head, this.#have, pos, pos + wanted - this.#have);
      this.#have += copied;
      pos += copied;
      if (this.#have === wanted && !this.#gotHead(wanted)) return false;
    }
    return true;
  }

  #gotHead(wanted: number): boolean {
    if (this.#length === 0) {
      this.#length = this.#head.readInt32LE(0);
      if (this.#length < HEADER) return false;
      if (this.#length > HEADER) return true;
    }
    const head = this.#head;
    if (!KNOWN_OPERATIONS.has(head.readInt32LE(12))) return false;
    this.#onMessage({
      requestId: head.readInt32LE(4),
      responseTo: head.readInt32LE(8),
      opCode: head.readInt32LE(12),
      flags: wanted >= HEADER + 4 ? head.readInt32LE(HEADER) : 0,
      hasCursor: wanted >= LOOKED_AT && head.readBigInt64LE(HEADER + 4) !== 0n,
    });
    this.#skip = this.#length - wanted;
    this.#have = this.#length = 0;
    return true;
  }
}
