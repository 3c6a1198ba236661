// What two sidecars say to each other at the head of a TCP connection: a magic number, a length, and who they are.
// https://github.com/envoyproxy/envoy/tree/main/contrib/istio/filters/network/metadata_exchange
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AnySchema, StructSchema, type Value } from '@bufbuild/protobuf/wkt';
import { packAny, unpackAny } from '@meltemi/api';
import { type Workload, workloadBytes, workloadOfBytes } from '../../istio/workload.ts';

const MAGIC = 0x3d_23_04_67;
export const HEADER_BYTES = 8;
/** What is longer is no metadata of a workload. */
export const MAX_PAYLOAD = 64 * 1024;
const METADATA = 'x-envoy-peer-metadata';
const METADATA_ID = 'x-envoy-peer-metadata-id';

/** A header and an Any that holds a Struct of both fields. */
export function encodePeer(nodeId: string, workload: Workload): Buffer {
  const metadata = fromBinary(StructSchema, workloadBytes(workload));
  const fields: Record<string, Value> = {
    [METADATA]: value({ case: 'structValue', value: metadata }),
    [METADATA_ID]: value({ case: 'stringValue', value: nodeId }),
  };
  const payload = toBinary(AnySchema, packAny(StructSchema, create(StructSchema, { fields })));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

export type PeerPeek =
  | { readonly kind: 'need-more' }
  /** The bytes are the connection's own. */
  | { readonly kind: 'absent' }
  /** `workload` is undefined where the payload says nothing. */
  | { readonly kind: 'peer'; readonly size: number; readonly workload: Workload | undefined };

/** Looks at everything read so far; takes nothing. */
export function peekPeer(bytes: Buffer): PeerPeek {
  for (let index = 0; index < Math.min(4, bytes.length); index++) {
    if (bytes[index] !== ((MAGIC >>> (24 - 8 * index)) & 255)) return { kind: 'absent' };
  }
  if (bytes.length < HEADER_BYTES) return { kind: 'need-more' };
  const length = bytes.readUInt32BE(4);
  if (length > MAX_PAYLOAD) return { kind: 'absent' };
  const size = HEADER_BYTES + length;
  if (bytes.length < size) return { kind: 'need-more' };
  return { kind: 'peer', size, workload: readWorkload(bytes.subarray(HEADER_BYTES, size)) };
}

function readWorkload(payload: Buffer): Workload | undefined {
  try {
    const metadata = unpackAny(fromBinary(AnySchema, payload), StructSchema)?.fields[METADATA]?.kind;
    return metadata?.case === 'structValue' ? workloadOfBytes(toBinary(StructSchema, metadata.value)) : undefined;
  } catch {
    return undefined;
  }
}

function value(kind: Value['kind']): Value {
  return { $typeName: 'google.protobuf.Value', kind };
}
