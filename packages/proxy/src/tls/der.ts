// Turns DER bytes into elements (tag and content), strictly: definite and minimal lengths, nothing past the end.

/** ITU-T X.690 §8.1. `content` is a view of the bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
}

export class DerError extends Error {
  readonly code = 'BAD_DER';
}

/** All elements that follow each other in `bytes`. */
export function derElements(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const { element, next } = readElement(bytes, offset);
    elements.push(element);
    offset = next;
  }
  return elements;
}

/** The elements inside one element that fills `bytes`; throws when its tag is another one. */
export function derChildren(bytes: Buffer, tag: number): readonly DerElement[] {
  const { element, next } = readElement(bytes, 0);
  if (element.tag !== tag || next !== bytes.length) throw new DerError(`expected one element with tag ${tag}`);
  return derElements(element.content);
}

function readElement(bytes: Buffer, offset: number): { readonly element: DerElement; readonly next: number } {
  const tag = byteAt(bytes, offset);
  if ((tag & 0x1f) === 0x1f) throw new DerError('tags of several bytes are not used in certificates');
  const { length, start } = readLength(bytes, offset + 1);
  if (start + length > bytes.length) throw new DerError('an element goes past the end');
  return { element: { tag, content: bytes.subarray(start, start + length) }, next: start + length };
}

function readLength(bytes: Buffer, offset: number): { readonly length: number; readonly start: number } {
  const first = byteAt(bytes, offset);
  if (first < 0x80) return { length: first, start: offset + 1 };
  const count = first & 0x7f;
  if (count === 0 || count > 4) throw new DerError('indefinite or oversized length');
  let length = 0;
  for (let index = 1; index <= count; index++) length = length * 256 + byteAt(bytes, offset + index);
  if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('length is not minimal');
  return { length, start: offset + 1 + count };
}

function byteAt(bytes: Buffer, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw new DerError('bytes end inside an element');
  return byte;
}
