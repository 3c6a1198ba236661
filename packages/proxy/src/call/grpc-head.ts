// The head of a gRPC request, and the status that the head or the trailers of a response hold.
import { grpcStatusOfHttp } from '@meltemi/telemetry';
import { Headers } from '@meltemi/wire';

/** Numbers of https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const GRPC_STATUS = {
  OK: 0,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export interface GrpcOutcome {
  readonly status: number;
  readonly message: string;
}

/** `timeoutMs`: 0 for none. */
export function grpcRequestHeaders(
  authority: string,
  metadata: readonly (readonly [string, string])[],
  timeoutMs: number,
): Headers {
  const headers = new Headers();
  headers.set('host', authority);
  headers.append('te', 'trailers');
  headers.append('content-type', 'application/grpc');
  if (timeoutMs > 0) headers.append('grpc-timeout', `${Math.ceil(timeoutMs)}m`);
  for (const [name, value] of metadata) headers.add(name, value);
  return headers;
}

/** What the end of a response says. A response without a status is what HTTP made of the call. */
export function grpcOutcome(httpStatus: number, headers: Headers, trailers: Headers | undefined): GrpcOutcome {
  const holder = trailers?.has('grpc-status') ? trailers : headers;
  const text = holder.get('grpc-status');
  if (text !== undefined && /^\d{1,9}$/.test(text)) {
    return { status: Number(text), message: decoded(holder.get('grpc-message') ?? '') };
  }
  if (httpStatus !== 200) return { status: grpcStatusOfHttp(httpStatus), message: `HTTP status ${httpStatus}` };
  return { status: GRPC_STATUS.UNKNOWN, message: 'the response has no grpc-status' };
}

/** The message is percent-encoded; one that is not so is taken as it is. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
