// Builds the answers that the proxy gives itself, ready to be sent.
import type { Headers } from '@meltemi/wire';
import { FAULT_ABORT, type LocalReply, localReplyHeaders } from './local-reply.ts';

export interface OwnAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Latin1. */
  readonly body: string;
  /** A response flag of the access log; empty: none. */
  readonly flag: string;
  /** RESPONSE_CODE_DETAILS. */
  readonly details: string;
  /** A filter of Envoy writes it itself: no local reply, and not mapped as such. */
  readonly unmapped?: true;
}

export function localAnswer({ status, body, flag, details }: LocalReply): OwnAnswer {
  const headers = localReplyHeaders(body, 'text/plain');
  if (flag === 'UO') headers.append('x-envoy-overloaded', 'true');
  return { status, headers, body, flag, details };
}

export function redirectAnswer(status: number, location: string): OwnAnswer {
  const headers = localReplyHeaders('', '');
  headers.set('location', location);
  return { status, headers, body: '', flag: '', details: 'direct_response' };
}

export function directAnswer(status: number, bytes: Uint8Array): OwnAnswer {
  const body = Buffer.from(bytes).toString('latin1');
  return { status, headers: localReplyHeaders(body, 'text/plain'), body, flag: '', details: 'direct_response' };
}

export function preflightAnswer(status: number): OwnAnswer {
  return { status, headers: localReplyHeaders('', ''), body: '', flag: '', details: 'cors_preflight', unmapped: true };
}

export function grpcAbortAnswer(status: number, grpcStatus: number): OwnAnswer {
  const headers = localReplyHeaders('', 'application/grpc');
  headers.append('grpc-status', String(grpcStatus));
  return { status, headers, body: '', flag: FAULT_ABORT.flag, details: FAULT_ABORT.details };
}
