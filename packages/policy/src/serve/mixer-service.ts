// Serves istio.mixer.v1.Mixer: compressed attributes → the policy's answer.
import { create } from '@bufbuild/protobuf';
import {
  type CheckRequest,
  type CheckResponse,
  CheckResponseSchema,
  Mixer,
  type ReportRequest,
  type ReportResponse,
  ReportResponseSchema,
} from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { type GrpcCall, type GrpcReply, type GrpcService, grpcService } from '@meltemi/rpc';

import { STATUS } from '../adapters/adapter.ts';
import { AttributeBag } from '../attributes/attribute-bag.ts';
import { decompressAttributes } from '../attributes/compressed-attributes.ts';
import { decodeReport } from '../attributes/delta-report.ts';

import type { QuotaVerdict } from '../rules/policy-engine.ts';

import { answerCall, type MixerServiceOptions } from './answer-call.ts';
import { preconditionMessage, quotaMessage } from './check-message.ts';
import type { ActivePolicy } from './policy-store.ts';

export function mixerService(options: MixerServiceOptions): GrpcService {
  return {
    definition: grpcService(Mixer),
    implementation: {
      Check: (call: GrpcCall<CheckRequest, CheckResponse>, reply: GrpcReply<CheckResponse>) =>
        answerCall('Check', () => check(options.policy(), call.request), reply, options),
      Report: (call: GrpcCall<ReportRequest, ReportResponse>, reply: GrpcReply<ReportResponse>) =>
        answerCall('Report', () => report(options.policy(), call.request), reply, options),
    },
  };
}

/** Quotas are taken only for a request that may go on. At once where no quota is kept elsewhere. */
export function check(
  { vocabulary, engine }: ActivePolicy,
  request: CheckRequest,
): CheckResponse | Promise<CheckResponse> {
  const attributes = request.attributes ? decompressAttributes(request.attributes) : [];
  const bag = AttributeBag.of(vocabulary, attributes);
  const verdict = engine.check(bag);
  const precondition = preconditionMessage(verdict, request.globalWordCount);
  const allowed = verdict.status.code === STATUS.OK;
  const { deduplicationId, globalWordCount } = request;
  const taken = Object.entries(allowed ? request.quotas : {}).map(([name, { amount, bestEffort }]) => {
    const verdict = engine.quota(bag, name, { amount: Number(amount), bestEffort, deduplicationId });
    return [name, verdict] as const;
  });
  const answered = (verdicts: readonly (readonly [string, QuotaVerdict])[]): CheckResponse => {
    const quotas = verdicts.map(([name, verdict]) => [name, quotaMessage(verdict, globalWordCount)] as const);
    return create(CheckResponseSchema, { precondition, quotas: Object.fromEntries(quotas) });
  };
  return isKnown(taken) ? answered(taken) : Promise.all(taken.map(late)).then(answered);
}

type Taken = readonly [string, QuotaVerdict | Promise<QuotaVerdict>];

function isKnown(taken: readonly Taken[]): taken is readonly (readonly [string, QuotaVerdict])[] {
  return taken.every(([, verdict]) => !(verdict instanceof Promise));
}

async function late([name, verdict]: Taken): Promise<readonly [string, QuotaVerdict]> {
  return [name, await verdict];
}

function report({ vocabulary, engine }: ActivePolicy, request: ReportRequest): ReportResponse {
  for (const attributes of decodeReport(request)) engine.report(AttributeBag.of(vocabulary, attributes));
  return create(ReportResponseSchema);
}
