// Tells gRPC-Web's content types from each other and from gRPC's.
import type { Headers } from '@meltemi/wire';

const BINARY: ReadonlySet<string> = new Set(['application/grpc-web', 'application/grpc-web+proto']);
const TEXT: ReadonlySet<string> = new Set(['application/grpc-web-text', 'application/grpc-web-text+proto']);

/** By its exact content type, as Envoy. */
export function isGrpcWeb(headers: Headers): boolean {
  const type = headers.get('content-type');
  return type !== undefined && (BINARY.has(type) || TEXT.has(type));
}

export function isText(type: string | undefined): boolean {
  return type !== undefined && TEXT.has(type);
}

/** gRPC's status can be read from it: in its trailers, its last frame, or its head where there is no body. */
export function saysGrpcStatus(status: number, headers: Headers, bodyless: boolean): boolean {
  const type = headers.get('content-type') ?? '';
  if (status === 200 && BINARY.has(type.split(';', 1)[0]!.trimEnd().toLowerCase())) return true;
  if (bodyless) return headers.has('grpc-status');
  return status === 200 && (type === 'application/grpc' || type.startsWith('application/grpc+'));
}
