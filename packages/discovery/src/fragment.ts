// A generated resource as bytes, made once and sent to everyone who needs it.
import { hash } from 'node:crypto';
import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';

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

/** Encodes a resource. */
export function encodeFragment<Desc extends DescMessage>(
  schema: Desc,
  name: string,
  resource: MessageShape<Desc>,
  uses: readonly string[] = [],
): Fragment {
  const any = toBinary(AnySchema, packAny(schema, resource));
  return { name, version: hash('sha256', any, 'hex').slice(0, 16), any, uses };
}
