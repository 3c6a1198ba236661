// An answer of our own → one that a gRPC client understands: status 200, what went wrong in `grpc-status`, no body.
import { grpcStatusOfHttp } from '@meltemi/telemetry';
import { Headers } from '@meltemi/wire';
import type { OwnAnswer } from './own-answer.ts';

const GRPC_TYPE = 'application/grpc';
const NOT_IN_TRAILERS_ONLY: ReadonlySet<string> = new Set(['content-length', 'content-type']);

/** `application/grpc` and `application/grpc+…`. */
export function isGrpcRequest(headers: Headers): boolean {
  const type = headers.get('content-type');
  return type !== undefined && (type === GRPC_TYPE || type.startsWith(`${GRPC_TYPE}+`));
}

/** One that names a gRPC status already stays. */
export function grpcAnswer(answer: OwnAnswer): OwnAnswer {
  if (answer.headers.has('grpc-status')) return answer;
  const headers = new Headers();
  headers.append('content-type', GRPC_TYPE);
  headers.append('grpc-status', String(grpcStatusOfHttp(answer.status)));
  if (answer.body !== '') headers.append('grpc-message', percentEncoded(answer.body));
  for (const [name, value] of answer.headers.entries())
    if (!NOT_IN_TRAILERS_ONLY.has(name)) headers.append(name, value);
  return { ...answer, status: 200, headers, body: '' };
}

/** For `grpc-message`. */
export function percentEncoded(latin1: string): string {
  return latin1.replaceAll(
    /[^\x20-\x24\x26-\x7e]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
