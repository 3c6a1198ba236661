// Keeps what a client sent ahead while an earlier request of its is served.

/** More than this is left to the socket. */
const LIMIT = 64 * 1024;

export class PipelinedBytes {
  #bytes: Buffer | undefined;

  get full(): boolean {
    return this.#bytes !== undefined && this.#bytes.length > LIMIT;
  }

  get empty(): boolean {
    return this.#bytes === undefined;
  }

  /** Copies. */
  keep(bytes: Buffer): void {
    this.#bytes = this.#bytes ? Buffer.concat([this.#bytes, bytes]) : Buffer.from(bytes);
  }

  take(): Buffer | undefined {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    return bytes;
  }
}
