// gRPC's frames that come in chunks → base64, each frame with its own padding as grpc-web-text has them.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md

const HEAD = 5;

export class FrameEncoder {
  /** Bytes that are not yet three. */
  #rest: Buffer = Buffer.alloc(0);
  /** Of the frame's head: a flag and the length. */
  readonly #head = Buffer.alloc(HEAD);
  #headSize = 0;
  #bodyLeft = 0;

  encode(chunk: Buffer): string {
    let text = '';
    for (let at = 0; at < chunk.length;) {
      const taken = this.#take(chunk, at);
      text += this.#append(chunk.subarray(at, at + taken));
      at += taken;
    }
    return text;
  }

  /** How many bytes from `at` on belong together. */
  #take(chunk: Buffer, at: number): number {
    if (this.#headSize === HEAD) {
      const taken = Math.min(this.#bodyLeft, chunk.length - at);
      this.#bodyLeft -= taken;
      return taken;
    }
    const taken = chunk.copy(this.#head, this.#headSize, at, at + HEAD - this.#headSize);
    this.#headSize += taken;
    if (this.#headSize === HEAD) this.#bodyLeft = this.#head.readUInt32BE(1);
    return taken;
  }

  #append(bytes: Buffer): string {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    const atEnd = this.#headSize === HEAD && this.#bodyLeft === 0;
    const ready = atEnd ? all.length : all.length - (all.length % 3);
    this.#rest = Buffer.from(all.subarray(ready));
    if (atEnd) this.#headSize = 0;
    return all.toString('base64', 0, ready);
  }
}
