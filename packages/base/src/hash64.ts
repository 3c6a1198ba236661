// Turns bytes into 64 well-mixed bits as Envoy does: XXH64, and the MurmurHash2 of the C++ standard library.
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md#xxh64-algorithm-description

/** An unsigned number of 64 bits in two halves of 32: BigInt costs too much where requests are hashed. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** The characters of `text` are bytes: latin1, as headers come. `seed` has 32 bits. */
export function xxHash64(text: string, seed: Hash64 | number = 0): Hash64 {
  const from = typeof seed === 'number' ? { high: 0, low: seed >>> 0 } : seed;
  const hash = text.length >= 32 ? longStart(text, from) : new Word(from).add(P5.high, P5.low);
  hash.add(0, text.length);
  finishXx(hash, text, text.length & ~31);
  return hash.xorShifted(33).multiply(P2.high, P2.low).xorShifted(29).multiply(P3.high, P3.low).xorShifted(32);
}

/** The characters of `text` are bytes; the seed is that of `std::hash`. */
export function murmurHash2(text: string): Hash64 {
  const hash = new Word({ high: 0, low: text.length }).multiply(MURMUR.high, MURMUR.low).xor(0, 0xc70f6907);
  const data = new Word(ZERO);
  const aligned = text.length & ~7;
  for (let at = 0; at < aligned; at += 8) {
    data
      .set(read32(text, at + 4), read32(text, at))
      .multiply(MURMUR.high, MURMUR.low)
      .xorShifted(47);
    data.multiply(MURMUR.high, MURMUR.low);
    hash.xor(data.high, data.low).multiply(MURMUR.high, MURMUR.low);
  }
  if (aligned < text.length) {
    const rest = text.slice(aligned).padEnd(8, '\0');
    hash.xor(read32(rest, 4), read32(rest, 0)).multiply(MURMUR.high, MURMUR.low);
  }
  return hash.xorShifted(47).multiply(MURMUR.high, MURMUR.low).xorShifted(47);
}

/** The remainder of a division by a whole number up to 2^26. */
export function remainder64(hash: Hash64, divisor: number): number {
  return ((hash.high % divisor) * (0x1_0000_0000 % divisor) + (hash.low % divisor)) % divisor;
}

/** Sixteen hexadecimal digits. */
export function formatHash64(hash: Hash64): string {
  return hash.high.toString(16).padStart(8, '0') + hash.low.toString(16).padStart(8, '0');
}

/** A number of 64 bits that its own methods change; each gives the number itself. */
class Word implements Hash64 {
  high: number;
  low: number;

  constructor(value: Hash64) {
    this.high = value.high;
    this.low = value.low;
  }

  set(high: number, low: number): this {
    this.high = high;
    this.low = low;
    return this;
  }

  add(high: number, low: number): this {
    const sum = this.low + low;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
    this.low = sum >>> 0;
    return this;
  }

  xor(high: number, low: number): this {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
    return this;
  }

  /** In parts of 16 bits, so that no product passes 2^53. */
  multiply(high: number, low: number): this {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const p00 = a0 * b0;
    const middle = a1 * b0 + (p00 >>> 16);
    const second = a0 * b1 + (middle & 0xffff);
    const crossed = Math.imul(this.high, low) + Math.imul(this.low, high);
    this.high = (a1 * b1 + (middle >>> 16) + (second >>> 16) + crossed) >>> 0;
    this.low = ((second << 16) | (p00 & 0xffff)) >>> 0;
    return this;
  }

  /** By 1 to 31 bits. */
  rotateLeft(bits: number): this {
    const { high, low } = this;
    this.high = ((high << bits) | (low >>> (32 - bits))) >>> 0;
    this.low = ((low << bits) | (high >>> (32 - bits))) >>> 0;
    return this;
  }

  /** Exclusive or with itself, shifted right by 1 to 63 bits. */
  xorShifted(bits: number): this {
    if (bits >= 32) return this.xor(0, bits === 32 ? this.high : this.high >>> (bits - 32));
    return this.xor(this.high >>> bits, ((this.low >>> bits) | (this.high << (32 - bits))) >>> 0);
  }
}

const ZERO: Hash64 = { high: 0, low: 0 };
const P1: Hash64 = { high: 0x9e3779b1, low: 0x85ebca87 };
const P2: Hash64 = { high: 0xc2b2ae3d, low: 0x27d4eb4f };
const P3: Hash64 = { high: 0x165667b1, low: 0x9e3779f9 };
const P4: Hash64 = { high: 0x85ebca77, low: 0xc2b2ae63 };
const P5: Hash64 = { high: 0x27d4eb2f, low: 0x165667c5 };
const MURMUR: Hash64 = { high: 0xc6a4a793, low: 0x5bd1e995 };
/** 2^64 - P1. */
const MINUS_P1: Hash64 = { high: 0x61c8864e, low: 0x7a143579 };

/** What whole stripes of 32 bytes come to. */
function longStart(text: string, seed: Hash64): Word {
  const lanes = [
    new Word(seed).add(P1.high, P1.low).add(P2.high, P2.low),
    new Word(seed).add(P2.high, P2.low),
    new Word(seed),
    new Word(seed).add(MINUS_P1.high, MINUS_P1.low),
  ] as const;
  const input = new Word(ZERO);
  for (let at = 0; at + 32 <= text.length; at += 32) {
    lanes.forEach((lane, index) => mixIn(lane, readInto(input, text, at + 8 * index)));
  }
  const copies = lanes.map((lane) => new Word(lane));
  const [first, second, third, fourth] = copies as [Word, Word, Word, Word];
  const hash = first.rotateLeft(1);
  for (const lane of [second.rotateLeft(7), third.rotateLeft(12), fourth.rotateLeft(18)]) hash.add(lane.high, lane.low);
  for (const lane of lanes) {
    const mixed = mixIn(new Word(ZERO), lane);
    hash.xor(mixed.high, mixed.low).multiply(P1.high, P1.low).add(P4.high, P4.low);
  }
  return hash;
}

/** One round: `lane` takes `input` in, which is changed. */
function mixIn(lane: Word, input: Word): Word {
  input.multiply(P2.high, P2.low);
  return lane.add(input.high, input.low).rotateLeft(31).multiply(P1.high, P1.low);
}

/** The bytes after the last whole stripe. */
function finishXx(hash: Word, text: string, from: number): void {
  const part = new Word(ZERO);
  const lane = new Word(ZERO);
  let at = from;
  for (; at + 8 <= text.length; at += 8) {
    mixIn(lane.set(0, 0), readInto(part, text, at));
    hash.xor(lane.high, lane.low).rotateLeft(27).multiply(P1.high, P1.low).add(P4.high, P4.low);
  }
  if (at + 4 <= text.length) {
    part.set(0, read32(text, at)).multiply(P1.high, P1.low);
    hash.xor(part.high, part.low).rotateLeft(23).multiply(P2.high, P2.low).add(P3.high, P3.low);
    at += 4;
  }
  for (; at < text.length; at++) {
    part.set(0, text.charCodeAt(at)).multiply(P5.high, P5.low);
    hash.xor(part.high, part.low).rotateLeft(11).multiply(P1.high, P1.low);
  }
}

function readInto(word: Word, text: string, at: number): Word {
  return word.set(read32(text, at + 4), read32(text, at));
}

function read32(text: string, at: number): number {
  return (
    (text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24)) >>>
    0
  );
}
