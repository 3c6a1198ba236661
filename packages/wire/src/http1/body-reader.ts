// Bytes after a head → pieces of the body, its end and its trailers (RFC 9112 §6, §7).
import { ChunkLine } from './chunk-line.ts';
import { FramingFields } from './framing-fields.ts';
import { CHUNKED, UNTIL_CLOSE } from './head.ts';
import type { Headers } from './headers.ts';
import { Http1Error } from './http1-error.ts';
import type { Http1Limits } from './limits.ts';
import { CR, LF } from './octets.ts';
import { parseFields } from './parse-fields.ts';
import { SectionGatherer } from './section.ts';

/** RFC 9110 §6.5.1: a trailer never changes how the message is framed or routed, or what becomes of the connection. */
const notInTrailers = ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect'];

const LENGTH = 0;
const CHUNK_LINE = 1;
const CHUNK_DATA = 2;
const CHUNK_DATA_CR = 3;
const CHUNK_DATA_LF = 4;
const TRAILER_START = 5;
const TRAILER_LF = 6;
const TRAILERS = 7;
const REST = 8;

/** Reads one body at a time; each `read` delivers at most one piece. */
export class BodyReader {
  /** The piece that the last `read` found: `bytes[pieceStart, pieceEnd)`. */
  pieceStart = 0;
  pieceEnd = 0;
  /** The body ended with the last `read`. */
  done = false;
  trailers: Headers | undefined;
  readonly #limits: Http1Limits;
  readonly #line = new ChunkLine();
  #section: SectionGatherer | undefined;
  #state = LENGTH;
  /** Bytes left of the body or of the chunk. */
  #remaining = 0;

  constructor(limits: Http1Limits) {
    this.#limits = limits;
  }

  /** Only the connection's end ends this body. */
  get untilClose(): boolean {
    return this.#state === REST;
  }

  begin(bodyLength: number): void {
    this.done = bodyLength === 0;
    this.trailers = undefined;
    this.#remaining = bodyLength;
    this.#state = bodyLength === CHUNKED ? CHUNK_LINE : bodyLength === UNTIL_CLOSE ? REST : LENGTH;
    if (bodyLength === CHUNKED) this.#line.beginMessage();
  }

  /** Takes from `bytes[from…]` and returns the offset behind what it took. */
  read(bytes: Buffer, from: number): number {
    this.pieceStart = this.pieceEnd = from;
    let pos = from;
    while (pos < bytes.length && !this.done && this.pieceStart === this.pieceEnd) pos = this.#step(bytes, pos);
    return pos;
  }

  #step(bytes: Buffer, pos: number): number {
    switch (this.#state) {
      case REST:
        return this.#piece(pos, bytes.length);
      case LENGTH:
      case CHUNK_DATA:
        return this.#data(bytes, pos);
      case CHUNK_LINE:
        return this.#chunkLine(bytes, pos);
      case CHUNK_DATA_CR:
        return this.#demand(bytes, pos, CR, CHUNK_DATA_LF);
      case CHUNK_DATA_LF:
        this.#line.beginLine();
        return this.#demand(bytes, pos, LF, CHUNK_LINE);
      case TRAILER_START:
        return this.#trailerStart(bytes, pos);
      case TRAILER_LF:
        this.done = true;
        return this.#demand(bytes, pos, LF, LENGTH);
      default:
        return this.#trailers(bytes, pos);
    }
  }

  #data(bytes: Buffer, pos: number): number {
    const size = Math.min(this.#remaining, bytes.length - pos);
    this.#remaining -= size;
    if (this.#remaining === 0) {
      if (this.#state === LENGTH) this.done = true;
      else this.#state = CHUNK_DATA_CR;
    }
    return this.#piece(pos, pos + size);
  }

  #piece(start: number, end: number): number {
    this.pieceStart = start;
    this.pieceEnd = end;
    return end;
  }

  #chunkLine(bytes: Buffer, pos: number): number {
    const next = this.#line.read(bytes, pos);
    if (this.#line.complete) {
      this.#remaining = this.#line.size;
      this.#state = this.#remaining === 0 ? TRAILER_START : CHUNK_DATA;
    }
    return next;
  }

  #demand(bytes: Buffer, pos: number, byte: number, next: number): number {
    if (bytes[pos] !== byte) throw new Http1Error('BAD_CHUNK', 400, 'chunk: its data is not followed by CRLF');
    this.#state = next;
    return pos + 1;
  }

  #trailerStart(bytes: Buffer, pos: number): number {
    if (bytes[pos] === CR) {
      this.#state = TRAILER_LF;
      return pos + 1;
    }
    this.#section ??= new SectionGatherer(this.#limits.maxHeadBytes, false);
    this.#section.clear();
    this.#state = TRAILERS;
    return pos;
  }

  #trailers(bytes: Buffer, pos: number): number {
    const section = this.#section!;
    const next = section.gather(bytes, pos);
    if (section.complete) {
      this.trailers = parseTrailers(section, this.#limits.maxHeaders);
      this.done = true;
      section.clear();
    }
    return next;
  }
}

function parseTrailers(section: SectionGatherer, maxFields: number): Headers {
  const { bytes, text, start, end } = section;
  const framing = new FramingFields();
  const trailers = parseFields(bytes, start, end - 2, text, start, maxFields, framing);
  const forbidden = notInTrailers.find((name) => trailers.has(name));
  if (forbidden !== undefined) throw new Http1Error('BAD_TRAILER', 400, `${forbidden} as a trailer`);
  return trailers;
}
