// Writes discovery responses around fragments that are encoded already.
// Field numbers: envoy/service/discovery/v3/discovery.proto
import { hash } from 'node:crypto';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { TYPE_URL } from '@meltemi/api';
import type { Fragment } from '../fragment.ts';
import type { ServedType } from '../resources.ts';

export interface ResponseHead {
  readonly type: ServedType;
  readonly nonce: string;
}

/** A DiscoveryResponse: version_info 1, resources 2, type_url 4, nonce 5. */
export function encodeSotw(head: ResponseHead, version: string, fragments: readonly Fragment[]): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(version);
  for (const { any } of fragments) writer.tag(2, WireType.LengthDelimited).bytes(any);
  writer.tag(4, WireType.LengthDelimited).string(TYPE_URL[head.type]);
  writer.tag(5, WireType.LengthDelimited).string(head.nonce);
  return writer.finish();
}

/** A DeltaDiscoveryResponse: resources 2 {version 1, resource 2, name 3}, type_url 4, nonce 5, removed_resources 6. */
export function encodeDelta(
  head: ResponseHead,
  fragments: readonly Fragment[],
  removed: readonly string[],
): Uint8Array {
  const writer = new BinaryWriter();
  for (const { name, version, any } of fragments) {
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(version);
    writer.tag(2, WireType.LengthDelimited).bytes(any);
    writer.tag(3, WireType.LengthDelimited).string(name).join();
  }
  writer.tag(4, WireType.LengthDelimited).string(TYPE_URL[head.type]);
  writer.tag(5, WireType.LengthDelimited).string(head.nonce);
  for (const name of removed) writer.tag(6, WireType.LengthDelimited).string(name);
  return writer.finish();
}

/** The version of a set: the same set has the same version in every process. */
export function versionOf(fragments: readonly Fragment[]): string {
  const lines = fragments.map(({ name, version }) => `${name} ${version}`).sort();
  return hash('sha256', lines.join('\n'), 'hex').slice(0, 16);
}
