// The work of a call → its reply, counted, with errors told as gRPC tells them.
import { status as GrpcStatus, type StatusObject } from '@grpc/grpc-js';
import type { Logger } from '@meltemi/base';
import type { GrpcReply } from '@meltemi/rpc';
import { STATUS } from '../adapters/adapter.ts';
import { AttributesError } from '../attributes/message-words.ts';
import { QuotaCountersError } from '../quota/quota-counters.ts';
import type { CallName, MixerMetrics } from './mixer-metrics.ts';
import type { ActivePolicy } from './policy-store.ts';

export interface MixerServiceOptions {
  /** Asked once for each call. */
  readonly policy: () => ActivePolicy;
  readonly metrics: MixerMetrics;
  readonly logger: Logger;
}

/** Of messages that can't be read: the original answers UNKNOWN to such reports. */
const BAD: { readonly [Name in CallName]?: GrpcStatus } = { Report: GrpcStatus.UNKNOWN };

export function answerCall<Message>(
  name: CallName,
  work: () => Message | Promise<Message>,
  reply: GrpcReply<Message>,
  options: MixerServiceOptions,
): void {
  const done = (response: Message): void => {
    options.metrics.handled(name, STATUS.OK);
    reply(null, response);
  };
  const failed = (error: unknown): void => reply(refusal(name, error, options));
  try {
    const response = work();
    if (response instanceof Promise) response.then(done, failed);
    else done(response);
  } catch (error) {
    failed(error);
  }
}

function refusal(
  name: CallName,
  error: unknown,
  { metrics, logger }: MixerServiceOptions,
): Pick<StatusObject, 'code' | 'details'> {
  const known = knownRefusal(name, error);
  const { code } = known ?? { code: GrpcStatus.INTERNAL };
  metrics.handled(name, code);
  if (!known) logger.error(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : 'oddly'}`);
  return known ?? { code, details: 'internal error' };
}

/** What is wrong with the message, or with who keeps counts: its sender decides what becomes of the request. */
function knownRefusal(name: CallName, error: unknown): Pick<StatusObject, 'code' | 'details'> | undefined {
  if (error instanceof QuotaCountersError) return { code: GrpcStatus.UNAVAILABLE, details: error.message };
  if (!(error instanceof AttributesError)) return undefined;
  return { code: BAD[name] ?? GrpcStatus.INVALID_ARGUMENT, details: error.message };
}
