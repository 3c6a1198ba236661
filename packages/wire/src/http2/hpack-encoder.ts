// Fields → a field block (RFC 7541 §6), with the receiver's table where a field is likely to come again.
import type { Headers } from '../http1/headers.ts';
import { DynamicTable } from './dynamic-table.ts';
import { type Field, fieldOf, fieldSize } from './field.ts';
import type { FrameOutput } from './frame-output.ts';
import { huffmanEncode, huffmanLength } from './huffman.ts';
import { staticTable } from './static-table.ts';

/** Larger tables cost memory on both sides and find little more. */
const maxTableBytes = 4096;
const maxIndexedBytes = 1024;

/** Never to be compressed with anything else (RFC 7541 §7.1.3). */
const secret = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);

/** Another value in each message: they would only drive others out of the table. */
const fleeting = new Set([
  ':path',
  'age',
  'content-length',
  'content-range',
  'date',
  'etag',
  'if-modified-since',
  'if-none-match',
  'last-modified',
  'location',
  'traceparent',
  'tracestate',
  'x-request-id',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-envoy-upstream-service-time',
  'x-envoy-expected-rq-timeout-ms',
  'grpc-timeout',
]);

const INDEXED = 0x80;
const KEPT = 0x40;
const RESIZE = 0x20;
const NEVER = 0x10;
const PASSING = 0x00;

/** Encodes the blocks of one connection's direction. */
export class HpackEncoder {
  readonly #table: DynamicTable;
  /** Numbers of the table's fields, by name and value. */
  readonly #numbers = new Map<string, Map<string, number>>();
  #out: Buffer = Buffer.allocUnsafeSlow(512);
  #pos = 0;
  /** The smallest size since the last block, where the receiver changed it. */
  #smallest: number | undefined;

  constructor() {
    this.#table = new DynamicTable(maxTableBytes, (field, number) => this.#forget(field, number));
  }

  /** The receiver's SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(bytes: number): void {
    const capacity = Math.min(bytes, maxTableBytes);
    if (capacity === this.#table.capacity) return;
    this.#smallest = Math.min(this.#smallest ?? capacity, capacity);
    this.#table.resize(capacity);
  }

  begin(): void {
    this.#pos = 0;
    if (this.#smallest === undefined) return;
    this.#room(16);
    if (this.#smallest < this.#table.capacity) this.#integer(RESIZE, 5, this.#smallest);
    this.#integer(RESIZE, 5, this.#table.capacity);
    this.#smallest = undefined;
  }

  /** The value is latin1. */
  add(name: string, value: string): void {
    this.#room(name.length + value.length + 16);
    const number = this.#numbers.get(name)?.get(value);
    if (number !== undefined) return this.#integer(INDEXED, 7, this.#indexOf(number));
    const exact = staticExact.get(name)?.get(value);
    if (exact !== undefined) return this.#integer(INDEXED, 7, exact);
    if (secret.has(name)) return this.#literal(NEVER, 4, name, value);
    if (fleeting.has(name)) return this.#literal(PASSING, 4, name, value);
    if (name.length + value.length > maxIndexedBytes) return this.#literal(PASSING, 4, name, value);
    this.#literal(KEPT, 6, name, value);
    this.#keep(fieldOf(name, value));
  }

  addAll(headers: Headers): void {
    for (let index = 0; index < headers.size; index++) this.add(headers.nameAt(index), headers.valueAt(index));
  }

  /** Writes the block's frames. */
  writeTo(output: FrameOutput, streamId: number, endStream: boolean): void {
    output.headers(streamId, this.#out, this.#pos, endStream);
  }

  /** The block; it holds until the next `begin`. */
  end(): Buffer {
    return this.#out.subarray(0, this.#pos);
  }

  #keep(field: Field): void {
    if (fieldSize(field) > this.#table.capacity) return void this.#table.add(field);
    const number = this.#table.add(field)!;
    let values = this.#numbers.get(field.name);
    if (!values) this.#numbers.set(field.name, (values = new Map()));
    values.set(field.value, number);
  }

  #forget(field: Field, number: number): void {
    const values = this.#numbers.get(field.name);
    if (values?.get(field.value) !== number) return;
    values.delete(field.value);
    if (values.size === 0) this.#numbers.delete(field.name);
  }

  #indexOf(number: number): number {
    return staticTable.length + 1 + this.#table.positionOf(number);
  }

  /** What is kept is worth coding, once; what passes costs less to write as it is. */
  #literal(pattern: number, prefixBits: number, name: string, value: string): void {
    const index = staticNames.get(name) ?? this.#nameIndex(name);
    this.#integer(pattern, prefixBits, index);
    if (index === 0) this.#text(name, pattern === KEPT);
    this.#text(value, pattern === KEPT);
  }

  #nameIndex(name: string): number {
    const values = this.#numbers.get(name);
    if (!values) return 0;
    for (const number of values.values()) return this.#indexOf(number);
    return 0;
  }

  #text(text: string, coded: boolean): void {
    const codedLength = coded ? huffmanLength(text) : text.length;
    if (codedLength < text.length) {
      this.#integer(0x80, 7, codedLength);
      this.#pos = huffmanEncode(text, this.#out, this.#pos);
    } else {
      this.#integer(0, 7, text.length);
      this.#pos += this.#out.latin1Write(text, this.#pos);
    }
  }

  #integer(pattern: number, prefixBits: number, value: number): void {
    const mask = (1 << prefixBits) - 1;
    if (value < mask) {
      this.#out[this.#pos++] = pattern | value;
      return;
    }
    this.#out[this.#pos++] = pattern | mask;
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) this.#out[this.#pos++] = (rest & 0x7f) | 0x80;
    this.#out[this.#pos++] = rest;
  }

  #room(bytes: number): void {
    if (this.#pos + bytes <= this.#out.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#out.length * 2, this.#pos + bytes));
    this.#out.copy(larger, 0, 0, this.#pos);
    this.#out = larger;
  }
}

const staticNames = new Map<string, number>();
const staticExact = new Map<string, Map<string, number>>();
staticTable.forEach(({ name, value }, i) => {
  if (!staticNames.has(name)) staticNames.set(name, i + 1);
  let values = staticExact.get(name);
  if (!values) staticExact.set(name, (values = new Map()));
  values.set(value, i + 1);
});
