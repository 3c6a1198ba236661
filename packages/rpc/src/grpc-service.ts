// Turns a generated protobuf service into the method table that @grpc/grpc-js serves and calls.
import { type DescMethod, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { MessageBytes } from './message-frames.ts';

/** Messages that a service sends as bytes it has encoded itself (`Uint8Array`, the message without gRPC's frame). */
export interface RawSides {
  readonly requests?: boolean;
  readonly responses?: boolean;
}

/** The grpc-js definition of a service. Raw sides carry bytes in place of messages. */
export function grpcService(service: DescService, raw: RawSides = {}): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.name, methodDefinition(service, method, raw)]));
}

function methodDefinition(service: DescService, method: DescMethod, raw: RawSides): MethodDefinition<unknown, unknown> {
  return {
    path: `/${service.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    ...codec('request', method.input, raw.requests),
    ...codec('response', method.output, raw.responses),
    originalName: method.localName,
  } as MethodDefinition<unknown, unknown>;
}

function codec(side: 'request' | 'response', schema: DescMethod['input'], raw: boolean | undefined): object {
  return {
    [`${side}Serialize`]: raw ? rawBytes : (message: never) => Buffer.from(toBinary(schema, message)),
    [`${side}Deserialize`]: raw ? (bytes: Buffer) => bytes : (bytes: Buffer) => fromBinary(schema, bytes),
  };
}

/** grpc-js takes buffers; our server also takes a message in parts. */
function rawBytes(bytes: MessageBytes): Buffer | readonly Uint8Array[] {
  return bytes instanceof Uint8Array ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
}
