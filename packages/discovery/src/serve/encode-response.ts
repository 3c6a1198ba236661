// Writes discovery responses around resources that are encoded already.
// Field numbers: envoy/service/discovery/v3/discovery.proto
import { hash } from 'node:crypto';
import type { Fragment } from '../fragment.ts';
import { SERVED_TYPE_URL, type ServedType } from '../resources.ts';
import { responseBlocks } from './response-blocks.ts';
import { textField } from '../wire-fields.ts';

export interface ResponseHead {
  readonly type: ServedType;
  readonly nonce: string;
}

/** A message as the parts that it is put together from; most of them others send too. */
export interface EncodedResponse {
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
  /** Of its list of resources: the same list has the same version in every process. */
  readonly version: string;
}

/**
 * A DiscoveryResponse (version_info 1, resources 2, type_url 4, nonce 5), or a DeltaDiscoveryResponse (resources 2
 * {version 1, resource 2, name 3}, type_url 4, nonce 5, removed_resources 6).
 */
export function encodeResponse(
  variant: 'sotw' | 'delta',
  { type, nonce }: ResponseHead,
  { resources, removed }: { readonly resources: readonly Fragment[]; readonly removed: readonly string[] },
): EncodedResponse {
  const blocks = responseBlocks(variant, resources);
  const version = hash('sha256', blocks.map((block) => block.version).join(''), 'hex').slice(0, 16);
  const fields = [textField(4, SERVED_TYPE_URL[type]), textField(5, nonce)];
  const rest = variant === 'sotw' ? [textField(1, version)] : removed.map((name) => textField(6, name));
  const own = Buffer.concat([...fields, ...rest]);
  return {
    parts: [...blocks.flatMap(({ parts }) => parts), own],
    byteLength: blocks.reduce((sum, { byteLength }) => sum + byteLength, own.length),
    version,
  };
}
