// HEADERS and CONTINUATION frames → one field block (RFC 9113 §4.3).
import { Http2Error } from './http2-error.ts';

/** One at a time: nothing else may come between its frames. */
export class FieldBlock {
  /** Of the block that is being gathered; 0: none is. */
  streamId = 0;
  endStream = false;
  /** The HEADERS frame named its own stream as what it depends on. */
  selfDependent = false;
  /** CONTINUATION frames so far. */
  continuations = 0;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** A block of more bytes could only hold more than the limit on decoded heads. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  begin(streamId: number, fragment: Buffer, endStream: boolean, selfDependent: boolean): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.selfDependent = selfDependent;
    this.continuations = 0;
    this.#add(fragment);
  }

  continue(fragment: Buffer): void {
    this.continuations++;
    this.#add(fragment);
  }

  /** The whole block. */
  end(): Buffer {
    const block = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    this.streamId = 0;
    return block;
  }

  #add(fragment: Buffer): void {
    this.#bytes += fragment.length;
    if (this.#bytes > this.#maxBytes) throw new Http2Error('ENHANCE_YOUR_CALM', 'a head is larger than the limit');
    this.#parts.push(Buffer.from(fragment));
  }
}
