// Bytes of the line before a chunk → the chunk's size (RFC 9112 §7.1); extensions are checked, counted and dropped.
import { Http1Error } from './http1-error.ts';
import { CR, fieldValueOctet, hexDigit, LF, lowerToken } from './octets.ts';

const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;
/** Digits of the largest size, 2^53 - 1, and two leading zeros. */
const maxDigits = 16;
/** All extensions of one message; llhttp's bound. */
const maxExtensionBytes = 16 * 1024;

const SIZE = 0;
const EXTENSION_NAME = 1;
const EXTENSION_VALUE = 2;
const QUOTED = 3;
const QUOTED_PAIR = 4;
const AFTER_QUOTED = 5;
const LINE_FEED = 6;

export class ChunkLine {
  /** Set once `complete`. */
  size = 0;
  complete = false;
  #state = SIZE;
  /** Bytes of the part being read. */
  #length = 0;
  #extensionBytes = 0;

  beginMessage(): void {
    this.#extensionBytes = 0;
    this.beginLine();
  }

  beginLine(): void {
    this.size = 0;
    this.complete = false;
    this.#state = SIZE;
    this.#length = 0;
  }

  /** Takes from `bytes[from…]` up to the line's end and returns the offset behind what it took. */
  read(bytes: Uint8Array, from: number): number {
    let pos = from;
    while (pos < bytes.length && !this.complete) this.#take(bytes[pos++]!);
    return pos;
  }

  #take(byte: number): void {
    if (this.#state === SIZE) {
      this.#takeSize(byte);
    } else if (this.#state === LINE_FEED) {
      if (byte !== LF) throw bad('a line is not ended by CRLF');
      this.complete = true;
    } else {
      if (++this.#extensionBytes > maxExtensionBytes) throw bad('too many bytes of extensions');
      this.#takeExtension(byte);
    }
  }

  #takeSize(byte: number): void {
    const digit = hexDigit[byte]!;
    if (digit === 0) {
      if (this.#length === 0) throw bad('no size');
      this.#takeDelimiter(byte);
      return;
    }
    this.size = this.size * 16 + (digit - 1);
    if (++this.#length > maxDigits || this.size > Number.MAX_SAFE_INTEGER) throw bad('size too large');
  }

  #takeExtension(byte: number): void {
    switch (this.#state) {
      case EXTENSION_NAME:
        if (lowerToken[byte] !== 0) this.#length++;
        else if (this.#length === 0) throw bad('extension without name');
        else if (byte === EQUALS) this.#enter(EXTENSION_VALUE);
        else this.#takeDelimiter(byte);
        return;
      case EXTENSION_VALUE:
        if (lowerToken[byte] !== 0) this.#length++;
        else if (this.#length > 0) this.#takeDelimiter(byte);
        else if (byte === QUOTE) this.#enter(QUOTED);
        else throw bad('extension without value');
        return;
      case QUOTED:
        if (byte === QUOTE) this.#enter(AFTER_QUOTED);
        else if (byte === BACKSLASH) this.#enter(QUOTED_PAIR);
        else if (fieldValueOctet[byte] === 0) throw bad('control character in an extension');
        return;
      case QUOTED_PAIR:
        if (fieldValueOctet[byte] === 0) throw bad('control character in an extension');
        this.#enter(QUOTED);
        return;
      default:
        this.#takeDelimiter(byte);
    }
  }

  /** What may follow a size or an extension: the next extension, or the line's end. */
  #takeDelimiter(byte: number): void {
    if (byte === SEMICOLON) this.#enter(EXTENSION_NAME);
    else if (byte === CR) this.#enter(LINE_FEED);
    else throw bad(`byte 0x${byte.toString(16)} in a size line`);
  }

  #enter(state: number): void {
    this.#state = state;
    this.#length = 0;
  }
}

function bad(why: string): Http1Error {
  return new Http1Error('BAD_CHUNK', 400, `chunk: ${why}`);
}
