// The version of HTTP that a protocol means.
import type { Protocol } from '@meltemi/registry';
import type { HttpVersionInput } from './cluster-input.ts';

export function httpVersion(protocol: Protocol): HttpVersionInput {
  return protocol === 'http2' || protocol === 'grpc' || protocol === 'grpc-web' ? 'http2' : 'http1';
}
