// Bytes of discovery requests → messages. A list of names that says what it said before is not read again.
// Field numbers: envoy/service/discovery/v3/discovery.proto
import { hash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import type { AdsRequest } from './ads-call.ts';

const RESOURCE_NAMES = 3;
/** A state-of-the-world client says all names in each of its answers: hundreds of kilobytes, again and again. */
const MIN_SHARED_BYTES = 1024;

/** Names as they were written. Immutable, and the same object for all streams that say the same. */
interface NameList {
  readonly bytes: Buffer;
  readonly names: string[];
}

/** Of one stream. Equal lists of names are the same array, from one request to the next and from stream to stream. */
export class RequestReader {
  readonly #variant: 'sotw' | 'delta';
  readonly #lists = new Map<string, NameList>();

  constructor(variant: 'sotw' | 'delta') {
    this.#variant = variant;
  }

  /** Throws what the reader of messages throws. */
  read(bytes: Buffer): AdsRequest {
    if (this.#variant === 'delta') return fromBinary(DeltaDiscoveryRequestSchema, bytes);
    const names = namesIn(bytes, this.#lists.values());
    if (!names) return fromBinary(DiscoveryRequestSchema, bytes);
    const rest = Buffer.concat([bytes.subarray(0, names.from), bytes.subarray(names.to)]);
    const request = fromBinary(DiscoveryRequestSchema, rest);
    request.resourceNames = this.#names(request.typeUrl, bytes.subarray(names.from, names.to));
    return request;
  }

  #names(typeUrl: string, bytes: Buffer): string[] {
    const known = this.#lists.get(typeUrl);
    const list = known?.bytes.equals(bytes) ? known : shared(bytes);
    this.#lists.set(typeUrl, list);
    return list.names;
  }
}

/** Where all names stand together; undefined for few of them, or scattered ones. Lists that are `known` are passed over at once. */
function namesIn(bytes: Buffer, known: Iterable<NameList>): { readonly from: number; readonly to: number } | undefined {
  const reader = new BinaryReader(bytes);
  let from = 0;
  let to = 0;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wire] = reader.tag();
    const list = field === RESOURCE_NAMES && to === 0 ? listAt(bytes, start, known) : undefined;
    if (list) reader.pos = start + list.bytes.length;
    else reader.skip(wire, field);
    if (field !== RESOURCE_NAMES || wire !== WireType.LengthDelimited) continue;
    if (to === 0) from = start;
    else if (start !== to) return undefined;
    to = reader.pos;
  }
  return to - from >= MIN_SHARED_BYTES ? { from, to } : undefined;
}

function listAt(bytes: Buffer, at: number, known: Iterable<NameList>): NameList | undefined {
  for (const list of known) {
    const end = at + list.bytes.length;
    if (end <= bytes.length && bytes.compare(list.bytes, 0, list.bytes.length, at, end) === 0) return list;
  }
  return undefined;
}

const lists = new Map<string, WeakRef<NameList>>();
const gone = new FinalizationRegistry<string>((key) => {
  if (!lists.get(key)?.deref()) lists.delete(key);
});

function shared(bytes: Buffer): NameList {
  const key = hash('sha256', bytes, 'base64');
  const known = lists.get(key)?.deref();
  if (known) return known;
  const list = { bytes: Buffer.from(bytes), names: namesOf(bytes) };
  lists.set(key, new WeakRef(list));
  gone.register(list, key);
  return list;
}

function namesOf(bytes: Buffer): string[] {
  const reader = new BinaryReader(bytes);
  const names: string[] = [];
  while (reader.pos < reader.len) {
    reader.tag();
    names.push(reader.string());
  }
  return names;
}
