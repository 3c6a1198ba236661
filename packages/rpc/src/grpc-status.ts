// How a call ends, as gRPC says it in trailers.
// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
import type { OutgoingHttpHeaders } from 'node:http2';

export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
} as const;

/** A status that ends a call. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

export class GrpcError extends Error implements GrpcStatus {
  readonly code: number;

  constructor(code: number, details: string, options?: ErrorOptions) {
    super(details, options);
    this.name = 'GrpcError';
    this.code = code;
  }

  get details(): string {
    return this.message;
  }
}

/** Of whatever a call failed with: an error without a code is UNKNOWN. */
export function statusOf(error: unknown): GrpcStatus {
  const { code, details, message } = (error ?? {}) as Partial<Record<'code' | 'details' | 'message', unknown>>;
  const text = [details, message].find((word) => typeof word === 'string' && word !== '') as string | undefined;
  return { code: typeof code === 'number' ? code : STATUS.UNKNOWN, details: text ?? 'unknown error' };
}

export function statusTrailers({ code, details }: GrpcStatus): OutgoingHttpHeaders {
  return { 'grpc-status': String(code), ...(details !== '' && { 'grpc-message': percentEncoded(details) }) };
}

/** Printable ASCII stands for itself, but for `%`. */
function percentEncoded(text: string): string {
  const bytes = Buffer.from(text);
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
