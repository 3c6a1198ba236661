// Bytes as they come → a whole section that an empty line ends: a head, or trailers.
import { Http1Error } from './http1-error.ts';
import { CR, LF } from './octets.ts';

const sectionEndText = '\r\n\r\n';
const sectionEnd = Buffer.from(sectionEndText, 'latin1');
const lineEnd = sectionEnd.subarray(0, 2);
/** Nearly every head is shorter than this. */
const usualLength = 2048;
const firstCapacity = 2048;

/** Finds the section's end; copies only what comes in pieces. */
export class SectionGatherer {
  /** Where the section is, once `complete`: `bytes[start, end)`, the empty line included. */
  bytes: Buffer = Buffer.alloc(0);
  /** Latin1 of the bytes from `start` to `end` or behind. */
  text = '';
  start = 0;
  end = 0;
  complete = false;
  readonly #maxBytes: number;
  readonly #startLine: boolean;
  #kept: Buffer | undefined;
  #length = 0;

  /** `startLine`: the section begins with a request line, which has an error of its own when it is too long. */
  constructor(maxBytes: number, startLine: boolean) {
    this.#maxBytes = maxBytes;
    this.#startLine = startLine;
  }

  /** Nothing of a section is here. */
  get empty(): boolean {
    return this.#length === 0;
  }

  /** What is here of a section that is not complete begins as the prefix does, or is a part of it. */
  opensLike(prefix: Buffer): boolean {
    const length = Math.min(this.#length, prefix.length);
    return this.#kept === undefined || this.#kept.compare(prefix, 0, length, 0, length) === 0;
  }

  clear(): void {
    this.#length = 0;
    this.complete = false;
    this.text = '';
    // What a long head needed is not held while the connection idles.
    if (this.#kept && this.#kept.length > firstCapacity) this.#kept = undefined;
  }

  /** Takes from `bytes[from…]` up to the section's end and returns the offset behind what it took. */
  gather(bytes: Buffer, from: number): number {
    return this.#length === 0 ? this.#findInPlace(bytes, from) : this.#findInKept(bytes, from);
  }

  #findInPlace(bytes: Buffer, from: number): number {
    // The fast path: the text that the parser needs anyway is searched, which is cheaper than to search the bytes.
    const text = bytes.latin1Slice(from, Math.min(bytes.length, from + usualLength));
    const found = text.indexOf(sectionEndText);
    if (found >= 0) return this.#finish(bytes, from, from + found + sectionEnd.length, text);
    return from + usualLength < bytes.length ? this.#findFar(bytes, from) : this.#keep(bytes, from);
  }

  #findFar(bytes: Buffer, from: number): number {
    const found = bytes.indexOf(sectionEnd, from);
    if (found < 0) return this.#keep(bytes, from);
    const end = found + sectionEnd.length;
    return this.#finish(bytes, from, end, bytes.latin1Slice(from, end));
  }

  #findInKept(bytes: Buffer, from: number): number {
    const before = this.#length;
    const taken = this.#keep(bytes, from, false);
    const kept = this.#kept!;
    const found = kept.subarray(0, this.#length).indexOf(sectionEnd, Math.max(0, before - 3));
    if (found < 0) {
      this.#refuseBareEnds(before);
      return taken;
    }
    const end = found + sectionEnd.length;
    this.#finish(kept, 0, end, kept.latin1Slice(0, end));
    return from + end - before;
  }

  /** Copies at most one byte over the limit: enough to know that it is passed. */
  #keep(bytes: Buffer, from: number, check = true): number {
    const size = Math.min(bytes.length - from, this.#maxBytes + 1 - this.#length);
    const before = this.#length;
    const kept = this.#reserve(before + size);
    bytes.copy(kept, before, from, from + size);
    this.#length += size;
    if (check) this.#refuseBareEnds(before);
    return from + size;
  }

  #finish(bytes: Buffer, start: number, end: number, text: string): number {
    if (end - start > this.#maxBytes) throw this.#tooLarge(bytes, start);
    this.bytes = bytes;
    this.text = text;
    this.start = start;
    this.end = end;
    this.complete = true;
    return end;
  }

  #reserve(size: number): Buffer {
    if (this.#kept && this.#kept.length >= size) return this.#kept;
    const larger = Buffer.allocUnsafe(Math.max(firstCapacity, size, 2 * (this.#kept?.length ?? 0)));
    this.#kept?.copy(larger, 0, 0, this.#length);
    this.#kept = larger;
    return larger;
  }

  /** A section whose lines end otherwise would never end: refused as soon as it shows. */
  #refuseBareEnds(before: number): void {
    const kept = this.#kept!;
    if (this.#length > this.#maxBytes) throw this.#tooLarge(kept, 0);
    for (let i = before; i < this.#length; i++) {
      const afterCr = i > 0 && kept[i - 1] === CR;
      if ((kept[i] === LF) !== afterCr) throw new Http1Error('BAD_LINE_END', 400, 'bare CR or LF in the head');
    }
  }

  #tooLarge(bytes: Buffer, start: number): Http1Error {
    const max = this.#maxBytes;
    return this.#startLine && bytes.subarray(start, start + max).indexOf(lineEnd) < 0
      ? new Http1Error('REQUEST_LINE_TOO_LONG', 414, `the request line is longer than ${max} bytes`)
      : new Http1Error('HEAD_TOO_LARGE', 431, `the head is longer than ${max} bytes`);
  }
}
