// Serves istio.mixer.v1.Mixer: compressed attributes → the policy's answer.
import { create } from '@bufbuild/protobuf';
import {
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  status as GrpcStatus,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  type CheckRequest,
  type CheckResponse,
  CheckResponseSchema,
  Mixer,
  type ReportRequest,
  type ReportResponse,
  ReportResponseSchema,
} from '@meltemi/api/istio/mixer/v1/mixer_pb';
import type { Logger } from '@meltemi/base';
import { grpcService } from '@meltemi/rpc';

import { STATUS } from '../adapters/adapter.ts';
import { AttributeBag } from '../attributes/attribute-bag.ts';
import { decompressAttributes } from '../attributes/compressed-attributes.ts';
import { decodeReport } from '../attributes/delta-report.ts';
import { AttributesError } from '../attributes/message-words.ts';

import { preconditionMessage, quotaMessage } from './check-message.ts';
import type { MixerMetrics } from './mixer-metrics.ts';
import type { ActivePolicy } from './policy-store.ts';

export interface MixerServiceOptions {
  /** Asked once for each call. */
  readonly policy: () => ActivePolicy;
  readonly metrics: MixerMetrics;
  readonly logger: Logger;
}

/** As `serveGrpc` takes it among its `services`. */
export interface MixerService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** Of messages that can't be read: the original answers UNKNOWN to such reports. */
const BAD = { Check: GrpcStatus.INVALID_ARGUMENT, Report: GrpcStatus.UNKNOWN } as const;

export function mixerService(options: MixerServiceOptions): MixerService {
  return {
    definition: grpcService(Mixer),
    implementation: {
      Check: (call: ServerUnaryCall<CheckRequest, CheckResponse>, reply: sendUnaryData<CheckResponse>) =>
        answer('Check', () => check(options.policy(), call.request), reply, options),
      Report: (call: ServerUnaryCall<ReportRequest, ReportResponse>, reply: sendUnaryData<ReportResponse>) =>
        answer('Report', () => report(options.policy(), call.request), reply, options),
    },
  };
}

/** Quotas are taken only for a request that may go on. */
export function check({ vocabulary, engine }: ActivePolicy, request: CheckRequest): CheckResponse {
  const attributes = request.attributes ? decompressAttributes(request.attributes) : [];
  const bag = AttributeBag.of(vocabulary, attributes);
  const verdict = engine.check(bag);
  const precondition = preconditionMessage(verdict, request.globalWordCount);
  const allowed = verdict.status.code === STATUS.OK;
  const { deduplicationId } = request;
  const quotas = Object.entries(allowed ? request.quotas : {}).map(([name, { amount, bestEffort }]) => {
    const taken = engine.quota(bag, name, { amount: Number(amount), bestEffort, deduplicationId });
    return [name, quotaMessage(taken, request.globalWordCount)] as const;
  });
  return create(CheckResponseSchema, { precondition, quotas: Object.fromEntries(quotas) });
}

function report({ vocabulary, engine }: ActivePolicy, request: ReportRequest): ReportResponse {
  for (const attributes of decodeReport(request)) engine.report(AttributeBag.of(vocabulary, attributes));
  return create(ReportResponseSchema);
}

function answer<Message>(
  method: 'Check' | 'Report',
  work: () => Message,
  reply: sendUnaryData<Message>,
  { metrics, logger }: MixerServiceOptions,
): void {
  let response: Message;
  try {
    response = work();
  } catch (error) {
    const wrong = error instanceof AttributesError;
    const code = wrong ? BAD[method] : GrpcStatus.INTERNAL;
    metrics.handled(method, code);
    if (!wrong) logger.error(`${method} failed: ${error instanceof Error ? (error.stack ?? error.message) : 'oddly'}`);
    reply({ code, details: wrong ? error.message : 'internal error' });
    return;
  }
  metrics.handled(method, STATUS.OK);
  reply(null, response);
}
