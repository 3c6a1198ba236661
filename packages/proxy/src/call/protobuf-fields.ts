// Encoded messages → the bytes of a message that holds them, without decoding them again. https://protobuf.dev/programming-guides/encoding/
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** One field with a message or bytes in it. */
export function bytesField(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | LENGTH_DELIMITED), varint(value.length), value]);
}

/** A repeated field. */
export function repeatedField(number: number, values: readonly Uint8Array[]): Buffer {
  return Buffer.concat(values.map((value) => bytesField(number, value)));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** UTF-8. */
export function textField(number: number, value: string): Buffer {
  return bytesField(number, Buffer.from(value));
}

/** A whole number from 0 to 2^53. */
export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

export function fixed64Field(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return Buffer.concat([varint((number << 3) | FIXED64), bytes]);
}
