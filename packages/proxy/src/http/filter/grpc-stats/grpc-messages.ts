// Counts the messages of a gRPC stream from the bytes of its bodies, whatever the chunks.

/** Filter state, holding a GrpcMessageCount: the messages of the request so far. */
export const GRPC_MESSAGES = 'envoy.filters.http.grpc_stats';

export interface GrpcMessageCount {
  readonly request: number;
  readonly response: number;
}

/** A flag byte and four bytes of length stand before each message. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const PREFIX_BYTES = 5;

/** One way of one stream. */
export class MessageCounter {
  #prefix = 0;
  #length = 0;
  #left = 0;
  /** Messages that began. */
  count = 0;

  /** Returns how many messages began in the chunk. */
  add(chunk: Uint8Array): number {
    const before = this.count;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, chunk.length - at);
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      if (this.#prefix === 0) this.count++;
      else this.#length = this.#length * 256 + chunk[at]!;
      at++;
      if (++this.#prefix < PREFIX_BYTES) continue;
      this.#left = this.#length;
      this.#prefix = 0;
      this.#length = 0;
    }
    return this.count - before;
  }
}
