// Base64 that comes in chunks, cut anywhere → bytes. Each four characters stand for themselves; padded ones may stand anywhere.

const QUADS = /^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)*$/;
const SEGMENT = /[^=]+=*/g;

export class Base64Decoder {
  #rest = '';

  /** Undefined: it is no base64. */
  decode(chunk: Buffer): Buffer | undefined {
    const text = this.#rest + chunk.toString('latin1');
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    const quads = text.slice(0, whole);
    if (!QUADS.test(quads)) return undefined;
    const segments = quads.match(SEGMENT) ?? [];
    return segments.length === 1
      ? Buffer.from(quads, 'base64')
      : Buffer.concat(segments.map((segment) => Buffer.from(segment, 'base64')));
  }

  /** Nothing is left over. */
  get complete(): boolean {
    return this.#rest === '';
  }
}
