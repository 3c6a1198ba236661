// Reads DER elements (ITU-T X.690 §8, §10), strictly: one encoding of each value, nothing beyond its end.

export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly raw: Buffer;
}

export class DerError extends Error {
  override readonly name = 'DerError';
  readonly code = 'BAD_DER';
}

export const DER_TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
} as const;

/** The only element of the bytes. Throws DerError, also when the tag is another. */
export function derElement(bytes: Buffer, tag: number): DerElement {
  const element = readElement(bytes, 0);
  if (element.raw.length !== bytes.length) throw new DerError('bytes after the end');
  return expectTag(element, tag);
}

/** The elements in a constructed one, in order. */
export function derChildren({ content }: DerElement): readonly DerElement[] {
  const children: DerElement[] = [];
  for (let at = 0; at < content.length; at += children.at(-1)!.raw.length) children.push(readElement(content, at));
  return children;
}

export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}, found ${element?.tag ?? 'nothing'}`);
  return element;
}

/** The bytes of a bit string of whole bytes. */
export function derBits(element: DerElement | undefined): Buffer {
  const { content } = expectTag(element, DER_TAG.bitString);
  if (content[0] !== 0) throw new DerError('a bit string of broken bytes');
  return content.subarray(1);
}

function readElement(bytes: Buffer, at: number): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('cut off');
  // Tags of more than one byte stand in nothing that is read here.
  if ((tag & 0x1f) === 0x1f) throw new DerError('a long tag');
  const [length, digits] = first < 0x80 ? [first, 0] : longLength(bytes, at + 2, first & 0x7f);
  const begin = at + 2 + digits;
  const end = begin + length;
  if (end > bytes.length) throw new DerError('cut off');
  return { tag, content: bytes.subarray(begin, end), raw: bytes.subarray(at, end) };
}

function longLength(bytes: Buffer, at: number, digits: number): readonly [length: number, digits: number] {
  if (digits === 0 || digits > 4 || at + digits > bytes.length)
    throw new DerError('a length that is not definite or short');
  const length = bytes.readUIntBE(at, digits);
  if (length < 0x80 || bytes[at] === 0) throw new DerError('a length in more bytes than it needs');
  return [length, digits];
}
