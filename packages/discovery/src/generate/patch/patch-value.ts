// What a patch brings, and that it was applied.
import {
  create,
  type DescMessage,
  fromJson,
  isMessage,
  type JsonObject,
  type Message,
  type MessageShape,
} from '@bufbuild/protobuf';
import { extensionRegistry } from '@meltemi/api';
import { type Metadata, MetadataSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { PatchInput } from '../../input/envoy-filter/patch-input.ts';
import { mergedMessage } from './merge-message.ts';

/** By the value as it was written: one patch may be for thousands of clusters. */
const read = new WeakMap<object, Message>();

/** The value as a message, which is not to be changed; it was read once when the configuration was checked. */
export function patchValue<Desc extends DescMessage>({ value }: PatchInput, schema: Desc): MessageShape<Desc> {
  if (typeof value !== 'object' || value === null) return create(schema);
  const known = read.get(value);
  if (isMessage(known, schema)) return known;
  const message = fromJson(schema, value, { registry: extensionRegistry() });
  read.set(value, message);
  return message;
}

/** A message with what the patch sets. */
export function mergedByPatch<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  patch: PatchInput,
): MessageShape<Desc> {
  const lists = patch.operation === 'MERGE_AND_REPLACE_LIST' ? 'replace' : 'append';
  return mergedMessage(schema, message, patchValue(patch, schema), lists);
}

export function isMerge({ operation }: PatchInput): boolean {
  return operation === 'MERGE' || operation === 'MERGE_AND_REPLACE_LIST';
}

/** `meltemi.patches`: where the patches were written. */
export function patchedMetadata(before: Metadata | undefined, applied: ReadonlySet<PatchInput>): Metadata | undefined {
  if (applied.size === 0) return before;
  const patches = [...applied].map(({ provenance }) => provenance.source);
  const said = before ?? create(MetadataSchema);
  const meltemi: JsonObject = { ...said.filterMetadata['meltemi'], patches };
  return { ...said, filterMetadata: { ...said.filterMetadata, meltemi } };
}
