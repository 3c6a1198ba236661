// Bytes of one direction of a Redis connection → its values, of which only the kind and the first word are kept.
// https://redis.io/docs/latest/develop/reference/protocol-spec/

export interface RespValue {
  /** `*`, `$`, `+`, `-` … */
  readonly kind: string;
  /** Of a list the first text in it, of an error its code: at most 64 bytes, in lower case. */
  readonly word: string;
}

const CR = 0x0d;
const LF = 0x0a;
/** Of a line, which holds a number, a status or an error. */
const MAX_LINE = 64 * 1024;
const MAX_WORD = 64;
const MAX_DEPTH = 32;
/** What is followed by that many bytes, and by that many values. */
const SIZED: ReadonlySet<string> = new Set(['$', '!', '=']);
const LISTS: ReadonlySet<string> = new Set(['*', '~', '>', '%', '|']);
const LINES: ReadonlySet<string> = new Set(['+', '-', ':', '_', ',', '#', '(']);

export class RespReader {
  readonly #onValue: (value: RespValue) => void;
  /** How many values each open list still lacks. */
  readonly #open: number[] = [];
  #line = '';
  #bytesLeft = 0;
  #wanted = '';
  #kind = '';
  #word = '';
  #wordDone = false;

  constructor(onValue: (value: RespValue) => void) {
    this.#onValue = onValue;
  }

  /** False: this is no Redis; nothing more can be read. */
  read(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#bytesLeft > 0) at += this.#skip(bytes, at);
      else if (!this.#readLine(bytes[at++]!)) return false;
    }
    return true;
  }

  /** Takes bytes of a text; returns how many. */
  #skip(bytes: Uint8Array, at: number): number {
    const taken = Math.min(this.#bytesLeft, bytes.length - at);
    if (!this.#wordDone) {
      // The last two bytes are the line's end.
      const room = Math.min(taken, MAX_WORD - this.#wanted.length, Math.max(0, this.#bytesLeft - 2));
      this.#wanted += Buffer.from(bytes.subarray(at, at + room)).toString('latin1');
    }
    this.#bytesLeft -= taken;
    if (this.#bytesLeft === 0) this.#textEnded();
    return taken;
  }

  #textEnded(): void {
    if (!this.#wordDone) {
      this.#word = this.#wanted.toLowerCase();
      this.#wordDone = true;
    }
    this.#wanted = '';
    this.#ended();
  }

  #readLine(byte: number): boolean {
    if (byte !== LF) {
      this.#line += String.fromCharCode(byte);
      return this.#line.length <= MAX_LINE;
    }
    const line = this.#line;
    this.#line = '';
    if (line.charCodeAt(line.length - 1) !== CR) return false;
    return this.#begin(line[0]!, line.slice(1, -1));
  }

  #begin(kind: string, rest: string): boolean {
    if (this.#open.length === 0) {
      this.#kind = kind;
      this.#word = '';
      this.#wordDone = false;
    }
    if (LINES.has(kind)) {
      if (kind === '-' && this.#open.length === 0) this.#word = rest.split(' ', 1)[0]!.slice(0, MAX_WORD).toLowerCase();
      this.#ended();
      return true;
    }
    if (!/^-?\d{1,10}$/.test(rest)) return false;
    const size = Number(rest);
    if (SIZED.has(kind)) return this.#beginText(size);
    return LISTS.has(kind) && this.#beginList(kind === '%' || kind === '|' ? 2 * size : size);
  }

  #beginText(size: number): boolean {
    if (size < 0) this.#ended();
    else this.#bytesLeft = size + 2;
    return true;
  }

  #beginList(size: number): boolean {
    if (this.#open.length >= MAX_DEPTH) return false;
    if (size <= 0) this.#ended();
    else this.#open.push(size);
    return true;
  }

  /** A value is complete, and with it maybe the lists that it ends. */
  #ended(): void {
    while (this.#open.length > 0) {
      if (--this.#open[this.#open.length - 1]! > 0) return;
      this.#open.pop();
    }
    this.#onValue({ kind: this.#kind, word: this.#word });
  }
}
