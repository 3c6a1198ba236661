// Writes discovery responses around fragments that are encoded already.
// Field numbers: envoy/service/discovery/v3/discovery.proto
import { hash } from 'node:crypto';
import { WireType } from '@bufbuild/protobuf/wire';
import type { Fragment } from '../fragment.ts';
import { SERVED_TYPE_URL, type ServedType } from '../resources.ts';

export interface ResponseHead {
  readonly type: ServedType;
  readonly nonce: string;
}

/** The last response of each kind for a first resource: many receivers in step are sent the same bytes. */
const lately = new WeakMap<
  Fragment,
  { readonly fragments: readonly Fragment[]; readonly key: string; readonly bytes: Uint8Array }
>();

/** Encodes a response, or finds the one that another receiver was just sent. */
export function encodeResponse(
  variant: 'sotw' | 'delta',
  head: ResponseHead,
  { resources, removed }: { readonly resources: readonly Fragment[]; readonly removed: readonly string[] },
): Uint8Array {
  const encode = () =>
    variant === 'sotw' ? encodeSotw(head, versionOf(resources), resources) : encodeDelta(head, resources, removed);
  const [first] = resources;
  if (!first) return encode();
  const key = JSON.stringify([variant, head.type, head.nonce, removed]);
  const last = lately.get(first);
  if (last?.key === key && sameItems(last.fragments, resources)) return last.bytes;
  const bytes = encode();
  lately.set(first, { fragments: resources, key, bytes });
  return bytes;
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** A DiscoveryResponse: version_info 1, resources 2, type_url 4, nonce 5. */
export function encodeSotw(head: ResponseHead, version: string, fragments: readonly Fragment[]): Uint8Array {
  const before = field(1, version);
  const after = Buffer.concat([field(4, SERVED_TYPE_URL[head.type]), field(5, head.nonce)]);
  const sizes = fragments.reduce((sum, { any }) => sum + 1 + varintSize(any.length) + any.length, 0);
  const bytes = Buffer.allocUnsafe(before.length + sizes + after.length);
  let at = before.copy(bytes);
  for (const { any } of fragments) at = writeBytes(bytes, at, 2, any);
  after.copy(bytes, at);
  return bytes;
}

/** A DeltaDiscoveryResponse: resources 2 {version 1, resource 2, name 3}, type_url 4, nonce 5, removed_resources 6. */
export function encodeDelta(
  head: ResponseHead,
  fragments: readonly Fragment[],
  removed: readonly string[],
): Uint8Array {
  const frames = fragments.map(resourceFrame);
  const after = Buffer.concat([
    field(4, SERVED_TYPE_URL[head.type]),
    field(5, head.nonce),
    ...removed.map((name) => field(6, name)),
  ]);
  const sizes = frames.reduce((sum, { size }) => sum + 1 + varintSize(size) + size, 0);
  const bytes = Buffer.allocUnsafe(sizes + after.length);
  let at = 0;
  for (const [index, { head: start, tail, size }] of frames.entries()) {
    bytes[at] = (2 << 3) | WireType.LengthDelimited;
    at = writeVarint(bytes, at + 1, size);
    at += start.copy(bytes, at);
    at = writeBytes(bytes, at, 2, fragments[index]!.any);
    at += tail.copy(bytes, at);
  }
  after.copy(bytes, at);
  return bytes;
}

/** What stands around a resource in a delta response: the same for every receiver. */
interface ResourceFrame {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly size: number;
}

const frames = new WeakMap<Fragment, ResourceFrame>();

function resourceFrame(fragment: Fragment): ResourceFrame {
  const known = frames.get(fragment);
  if (known) return known;
  const { name, version, any } = fragment;
  const [head, tail] = [field(1, version), field(3, name)];
  const frame = { head, tail, size: head.length + 1 + varintSize(any.length) + any.length + tail.length };
  frames.set(fragment, frame);
  return frame;
}

function field(number: number, text: string): Buffer {
  const value = Buffer.from(text);
  const bytes = Buffer.allocUnsafe(1 + varintSize(value.length) + value.length);
  writeBytes(bytes, 0, number, value);
  return bytes;
}

/** Answers where the next field begins. */
function writeBytes(target: Buffer, at: number, number: number, value: Uint8Array): number {
  target[at] = (number << 3) | WireType.LengthDelimited;
  const start = writeVarint(target, at + 1, value.length);
  target.set(value, start);
  return start + value.length;
}

function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = value;
  let next = at;
  for (; rest > 127; rest >>>= 7) target[next++] = (rest & 127) | 128;
  target[next++] = rest;
  return next;
}

function varintSize(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : value < 268_435_456 ? 4 : 5;
}

/** The version of a list: the same list has the same version in every process. */
export function versionOf(fragments: readonly Fragment[]): string {
  return hash('sha256', fragments.map(({ version }) => version).join(''), 'hex').slice(0, 16);
}
