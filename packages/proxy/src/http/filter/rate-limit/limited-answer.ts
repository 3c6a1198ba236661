// The answer to a request that a rate limit refuses; gRPC clients may get RESOURCE_EXHAUSTED.
import { GRPC_STATUS } from '../../../call/grpc-head.ts';
import { grpcAnswer, isGrpcRequest } from '../../grpc-answer.ts';
import type { LocalReply } from '../../local-reply.ts';
import { localAnswer, type OwnAnswer } from '../../own-answer.ts';
import type { FilteredStream } from '../http-filter.ts';

export function limitedAnswer(
  reply: LocalReply,
  { head }: Pick<FilteredStream, 'head'>,
  { resourceExhausted }: { readonly resourceExhausted: boolean },
): OwnAnswer {
  const answer = localAnswer(reply);
  if (!isGrpcRequest(head.headers)) return answer;
  const status = grpcAnswer(answer);
  if (resourceExhausted) status.headers.set('grpc-status', String(GRPC_STATUS.RESOURCE_EXHAUSTED));
  return status;
}
