// What Mixer says against a request → the answer that its client gets.
import { denialText } from '@meltemi/api/mixer';
import { Headers } from '@meltemi/wire';
import { isGrpcRequest, percentEncoded } from '../../grpc-answer.ts';
import { localAnswer, type OwnAnswer } from '../../own-answer.ts';
import type { FilteredStream } from '../http-filter.ts';
import type { MixerVerdict } from './mixer.ts';

const SAID = { flag: 'UAEX', details: 'mixer_denied' };

/** `PERMISSION_DENIED:handler.denier.istio-system:Not allowed`; to gRPC as code and message. */
export function denialAnswer(verdict: MixerVerdict, { head }: FilteredStream): OwnAnswer {
  const { status, code, body: text } = denialText(verdict);
  const body = Buffer.from(text, 'utf8').toString('latin1');
  if (!isGrpcRequest(head.headers)) return localAnswer({ ...SAID, status, body });
  const headers = new Headers();
  headers.append('content-type', 'application/grpc');
  headers.append('grpc-status', String(code));
  headers.append('grpc-message', percentEncoded(body));
  return { ...SAID, status: 200, headers, body: '' };
}
