// A generated resource as bytes, made once and sent to everyone who needs it.
import { hash } from 'node:crypto';
import { create, type DescMessage, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';

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
  const typeUrl = `type.googleapis.com/${schema.typeName}`;
  const any = toBinary(AnySchema, create(AnySchema, { typeUrl, value }));
  return { name, version: hash('sha256', any, 'hex').slice(0, 16), any, uses };
}
