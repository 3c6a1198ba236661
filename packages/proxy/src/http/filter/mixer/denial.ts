// What Mixer says against a request → the answer that its client gets.
import { Headers } from '@meltemi/wire';
import { isGrpcRequest, percentEncoded } from '../../grpc-answer.ts';
import { localAnswer, type OwnAnswer } from '../../own-answer.ts';
import type { FilteredStream } from '../http-filter.ts';
import type { MixerVerdict } from './mixer.ts';

/** google.rpc.Code by its number, with the status of HTTP that it is told by. */
const CODES: Readonly<Record<number, readonly [string, number]>> = {
  1: ['CANCELLED', 499],
  2: ['UNKNOWN', 500],
  3: ['INVALID_ARGUMENT', 400],
  4: ['DEADLINE_EXCEEDED', 504],
  5: ['NOT_FOUND', 404],
  6: ['ALREADY_EXISTS', 409],
  7: ['PERMISSION_DENIED', 403],
  8: ['RESOURCE_EXHAUSTED', 429],
  9: ['FAILED_PRECONDITION', 400],
  10: ['ABORTED', 409],
  11: ['OUT_OF_RANGE', 400],
  12: ['UNIMPLEMENTED', 501],
  13: ['INTERNAL', 500],
  14: ['UNAVAILABLE', 503],
  15: ['DATA_LOSS', 500],
  16: ['UNAUTHENTICATED', 401],
};
const UNKNOWN = CODES[2]!;
const SAID = { flag: 'UAEX', details: 'mixer_denied' };

/** `PERMISSION_DENIED:handler.denier.istio-system:Not allowed`; to gRPC as code and message. */
export function denialAnswer({ code, message }: MixerVerdict, { head }: FilteredStream): OwnAnswer {
  const [name, status] = CODES[code] ?? UNKNOWN;
  const body = Buffer.from(`${name}:${message}`, 'utf8').toString('latin1');
  if (!isGrpcRequest(head.headers)) return localAnswer({ ...SAID, status, body });
  const headers = new Headers();
  headers.append('content-type', 'application/grpc');
  headers.append('grpc-status', String(CODES[code] ? code : 2));
  headers.append('grpc-message', percentEncoded(body));
  return { ...SAID, status: 200, headers, body: '' };
}
