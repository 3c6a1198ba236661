// A field block → its fields, one after the other (RFC 7541 §3.2, §6).
import { DynamicTable } from './dynamic-table.ts';
import { type Field, fieldOf } from './field.ts';
import { huffmanDecode } from './huffman.ts';
import { Http2Error } from './http2-error.ts';
import { staticTable } from './static-table.ts';

/** Bytes, until SETTINGS say otherwise (RFC 9113 §6.5.2). */
const DEFAULT_TABLE = 4096;

export interface FieldSink {
  onField(field: Field): void;
}

/** Decodes the blocks of one connection's direction. Throws `Http2Error` COMPRESSION_ERROR, after which it is of no use. */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #maxTableBytes: number;
  #bytes: Buffer = nothing;
  #pos = 0;
  #end = 0;

  /** `maxTableBytes` is what our SETTINGS say; a peer that has not read them, or doesn't follow, has the protocol's 4096. */
  constructor(maxTableBytes = DEFAULT_TABLE) {
    this.#maxTableBytes = Math.max(maxTableBytes, DEFAULT_TABLE);
    this.#table = new DynamicTable(DEFAULT_TABLE);
  }

  /** The block is `bytes[start, end)`; the fields are the sink's in order. */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink): void {
    this.#bytes = bytes;
    this.#pos = start;
    this.#end = end;
    this.#resizes();
    while (this.#pos < end) sink.onField(this.#field(bytes[this.#pos]!));
    this.#bytes = nothing;
  }

  /** Changes of the table's size stand only before the first field (RFC 7541 §4.2). */
  #resizes(): void {
    while (this.#pos < this.#end && (this.#bytes[this.#pos]! & 0xe0) === 0x20) {
      const capacity = this.#integer(5);
      if (capacity > this.#maxTableBytes) throw broken('a table larger than our settings allow');
      this.#table.resize(capacity);
    }
  }

  #field(first: number): Field {
    if (first >= 0x80) return this.#indexed(this.#integer(7));
    if (first >= 0x40) {
      const field = this.#literal(6);
      this.#table.add(field);
      return field;
    }
    if (first >= 0x20) throw broken('the table is resized between fields');
    return this.#literal(4);
  }

  #indexed(index: number): Field {
    const field = index <= staticTable.length ? staticTable[index - 1] : this.#table.at(index - staticTable.length - 1);
    if (!field) throw broken(`no field has the index ${index}`);
    return field;
  }

  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits);
    if (index === 0) {
      const name = this.#text();
      return fieldOf(name, this.#text());
    }
    const { name, nameKind } = this.#indexed(index);
    return fieldOf(name, this.#text(), nameKind);
  }

  #text(): string {
    if (this.#pos >= this.#end) throw broken('the block is cut short');
    const coded = this.#bytes[this.#pos]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#pos;
    const end = start + length;
    if (end > this.#end) throw broken('a text is longer than its block');
    this.#pos = end;
    if (!coded) return this.#bytes.latin1Slice(start, end);
    const room = scratchFor(length * 2);
    return room.latin1Slice(0, huffmanDecode(this.#bytes, start, end, room));
  }

  /** RFC 7541 §5.1, bounded to 28 bits: nothing here is longer than that. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#bytes[this.#pos++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#pos >= this.#end) throw broken('the block is cut short');
      const byte = this.#bytes[this.#pos++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken('an integer is too large');
  }
}

const nothing = Buffer.alloc(0);
let scratch = Buffer.allocUnsafeSlow(4096);

/** Decoded texts are cut out of it at once, so all decoders of a thread share it. */
function scratchFor(bytes: number): Buffer {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes);
  return scratch;
}

function broken(why: string): Http2Error {
  return new Http2Error('COMPRESSION_ERROR', `HPACK: ${why}`);
}
