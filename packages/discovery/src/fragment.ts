// A generated resource as bytes, made once and sent to everyone who needs it.
import { hash } from 'node:crypto';
import type { DescMessage } from '@bufbuild/protobuf';
import { fieldSize, textField, writeField } from './wire-fields.ts';

/** Immutable. */
export interface Fragment {
  readonly name: string;
  /** Hash of the content: equal resources have equal versions, in every process. */
  readonly version: string;
  /** An encoded google.protobuf.Any. */
  readonly any: Uint8Array;
  /** Names of resources of the next type (a cluster's endpoints, a listener's routes) that a receiver waits for. */
  readonly uses: readonly string[];
}

/** Wraps an encoded resource. */
export function encodeFragment(
  schema: DescMessage,
  name: string,
  value: Uint8Array,
  uses: readonly string[] = [],
): Fragment {
  const typeUrl = textField(1, `type.googleapis.com/${schema.typeName}`);
  const any = Buffer.allocUnsafeSlow(typeUrl.length + fieldSize(value.length));
  writeField(any, typeUrl.copy(any), 2, value);
  return { name, version: hash('sha256', any, 'hex').slice(0, 16), any, uses };
}
