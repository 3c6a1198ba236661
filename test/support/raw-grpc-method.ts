// The definition of a gRPC method whose messages stay bytes: what a test's server reads and writes itself.
import type { MethodDefinition } from '@grpc/grpc-js';

const bytes = (value: Buffer): Buffer => value;

/** Of one message each way, unless both are streams. */
export function rawMethod(path: string, streams = false): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

/** What Envoy asks of an authorizer. */
export const AUTHORIZATION_CHECK = rawMethod('/envoy.service.auth.v3.Authorization/Check');
