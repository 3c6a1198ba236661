// Writes DER elements (ITU-T X.690 §8, §10): enough for a certificate request, without loading an X.509 library.

/** One element: tag, minimal length, contents one after the other. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), derLength(content.length), content]);
}

export function derSequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents);
}

export function derSet(...contents: readonly Uint8Array[]): Buffer {
  return der(0x31, ...contents);
}

/** An object identifier from its dotted form. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** A bit string of whole bytes. */
export function derBitString(bytes: Uint8Array): Buffer {
  return der(0x03, Buffer.of(0), bytes);
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const digits = Buffer.from(length.toString(16).padStart(8, '0'), 'hex');
  const bytes = digits.subarray(digits.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

function base128(arc: number): number[] {
  const groups = [arc & 0x7f];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}
