// Fields of protobuf messages as bytes, for those that are put together from parts that are encoded already.
import { WireType } from '@bufbuild/protobuf/wire';

/** A field of text. */
export function textField(number: number, text: string): Buffer {
  const value = Buffer.from(text);
  const bytes = Buffer.allocUnsafe(fieldSize(value.length));
  writeField(bytes, 0, number, value);
  return bytes;
}

/** Of a field with a number below 16. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Answers where the next field begins. */
export function writeField(target: Buffer, at: number, number: number, value: Uint8Array): number {
  const start = writeFieldHead(target, at, number, value.length);
  target.set(value, start);
  return start + value.length;
}

/** What stands before a value of that length. Answers where the value begins. */
export function writeFieldHead(target: Buffer, at: number, number: number, length: number): number {
  target[at] = (number << 3) | WireType.LengthDelimited;
  let rest = length;
  let next = at + 1;
  for (; rest > 127; rest >>>= 7) target[next++] = (rest & 127) | 128;
  target[next++] = rest;
  return next;
}

function varintSize(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : value < 268_435_456 ? 4 : 5;
}
