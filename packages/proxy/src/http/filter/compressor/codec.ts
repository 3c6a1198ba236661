// Runs a compressor or decompressor of Node's step by step on this thread: a chunk in, all that comes of it out.
import type { Gunzip, Gzip, BrotliCompress, BrotliDecompress, ZstdCompress, ZstdDecompress } from 'node:zlib';

export type CodecStream = Gunzip | Gzip | BrotliCompress | BrotliDecompress | ZstdCompress | ZstdDecompress;

/** How a step ends: what came so far may be read at once, or nothing follows. Numbers of the library that runs. */
export interface FlushCodes {
  readonly flush: number;
  readonly finish: number;
}

export const ZLIB_FLUSH: FlushCodes = { flush: 2, finish: 4 };
/** Of Brotli and Zstandard. */
export const OPERATION_FLUSH: FlushCodes = { flush: 1, finish: 2 };

export interface CodecStep {
  readonly output: Buffer;
  /** The input is not what the codec reads (`Z_DATA_ERROR`), or gives more than the limit (`LIMIT`). */
  readonly failure: string | undefined;
}

/** What Node's streams are made of: the only way to run them without a turn of the thread pool for every chunk. */
interface Inner {
  readonly _handle: {
    writeSync(
      flush: number,
      input: Buffer,
      inputOffset: number,
      inputLength: number,
      output: Buffer,
      outputOffset: number,
      outputLength: number,
    ): void;
  };
  /** What is left of the output's room and of the input. */
  readonly _writeState: Uint32Array;
}

const NOTHING = Buffer.alloc(0);
const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024);

/** One a body. `close` gives its memory back. */
export class Codec {
  readonly #stream: CodecStream;
  readonly #inner: Inner;
  readonly #codes: FlushCodes;
  #failure: string | undefined;
  #closed = false;

  constructor(stream: CodecStream, codes: FlushCodes) {
    this.#stream = stream;
    this.#inner = stream as unknown as Inner;
    this.#codes = codes;
    const onerror = (_message: string, _number: number, code: string) => {
      this.#failure = code;
    };
    Object.assign(this.#inner._handle, { onerror });
  }

  /** `limit`: bytes of output, looked at each time that `room` bytes (64 KiB at most) are full. After a failure nothing more comes. */
  write(chunk: Buffer, limit = Infinity, room = SCRATCH.length): CodecStep {
    return this.#run(chunk, this.#codes.flush, limit, room);
  }

  finish(): CodecStep {
    return this.#run(NOTHING, this.#codes.finish, Infinity, SCRATCH.length);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.close();
  }

  #run(chunk: Buffer, flush: number, limit: number, room: number): CodecStep {
    const parts: Buffer[] = [];
    let size = 0;
    let left = chunk.length;
    for (let full = true; full && !this.#failure && !this.#closed;) {
      this.#inner._handle.writeSync(flush, chunk, chunk.length - left, left, SCRATCH, 0, room);
      if (this.#failure) break;
      const [roomLeft, inputLeft] = this.#inner._writeState as unknown as readonly [number, number];
      left = inputLeft;
      full = roomLeft === 0;
      if (roomLeft < room) parts.push(Buffer.from(SCRATCH.subarray(0, room - roomLeft)));
      size += room - roomLeft;
      if (full && size > limit) this.#failure = 'LIMIT';
    }
    return { output: joined(parts, size), failure: this.#failure };
  }
}

function joined(parts: readonly Buffer[], size: number): Buffer {
  return parts.length === 0 ? NOTHING : parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
}
