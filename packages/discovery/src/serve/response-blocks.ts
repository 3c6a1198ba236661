// Lists of resources → blocks of a response, each encoded once for all receivers whose lists have the same run in them.
// Field numbers: envoy/service/discovery/v3/discovery.proto
import { hash } from 'node:crypto';
import type { Fragment } from '../fragment.ts';
import { fieldSize, textField, writeFieldHead } from '../wire-fields.ts';

/** A run of resources as they stand in a response. Immutable. */
export interface ResponseBlock {
  readonly fragments: readonly Fragment[];
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
  /** Hash of the resources' versions. */
  readonly version: string;
}

/** In DiscoveryResponse and DeltaDiscoveryResponse alike. */
const RESOURCES = 2;
/** A resource of this size is not copied: it is a part by itself. */
const OWN_PART_BYTES = 16 * 1024;
const MAX_BLOCK = 256;

/** Blocks by their first resource, while somebody sends them. */
const lately = { sotw: blocksByFirst(), delta: blocksByFirst() };

function blocksByFirst(): WeakMap<Fragment, WeakRef<ResponseBlock>> {
  return new WeakMap();
}

export function responseBlocks(variant: 'sotw' | 'delta', fragments: readonly Fragment[]): readonly ResponseBlock[] {
  return runs(fragments).map((run) => blockOf(variant, run));
}

/** Where a list is cut, the resources alone say: lists that differ in one of them differ in one run. */
function runs(fragments: readonly Fragment[]): readonly (readonly Fragment[])[] {
  const all: Fragment[][] = [];
  let run: Fragment[] = [];
  for (const fragment of fragments) {
    run.push(fragment);
    if (run.length < MAX_BLOCK && !endsRun(fragment)) continue;
    all.push(run);
    run = [];
  }
  return run.length > 0 ? [...all, run] : all;
}

/** One of 64 resources. */
function endsRun({ version }: Fragment): boolean {
  return version.endsWith('0') && '0123'.includes(version.at(-2) ?? '');
}

function blockOf(variant: 'sotw' | 'delta', fragments: readonly Fragment[]): ResponseBlock {
  const [first] = fragments;
  const known = lately[variant].get(first!)?.deref();
  if (known && sameItems(known.fragments, fragments)) return known;
  const parts = joined(fragments.flatMap((fragment) => encoded(variant, fragment)));
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const version = hash('sha256', fragments.map((fragment) => fragment.version).join(''), 'hex');
  const block = { fragments, parts, byteLength, version };
  lately[variant].set(first!, new WeakRef(block));
  return block;
}

/** Small parts as one. */
function joined(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const all: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  for (const part of parts) {
    if (part.length < OWN_PART_BYTES) {
      small.push(part);
      continue;
    }
    if (small.length > 0) all.push(Buffer.concat(small));
    all.push(part);
    small = [];
  }
  return small.length > 0 ? [...all, Buffer.concat(small)] : all;
}

function encoded(variant: 'sotw' | 'delta', fragment: Fragment): readonly Uint8Array[] {
  const { any } = fragment;
  if (variant === 'sotw') return [fieldHead(any.length), any];
  const [version, name] = [textField(1, fragment.version), textField(3, fragment.name)];
  const head = Buffer.allocUnsafe(2 * MAX_HEAD + version.length);
  const size = version.length + fieldSize(any.length) + name.length;
  let at = writeFieldHead(head, 0, RESOURCES, size);
  at += version.copy(head, at);
  return [head.subarray(0, writeFieldHead(head, at, 2, any.length)), any, name];
}

/** Of a field: its number and the length of its value. */
const MAX_HEAD = 6;

function fieldHead(length: number): Buffer {
  const head = Buffer.allocUnsafe(MAX_HEAD);
  return head.subarray(0, writeFieldHead(head, 0, RESOURCES, length));
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
