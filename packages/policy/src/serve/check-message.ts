// Answers of the policy → the parts of Mixer's response to a check.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type CheckResponse_PreconditionResult,
  CheckResponse_PreconditionResultSchema,
  type CheckResponse_QuotaResult,
  CheckResponse_QuotaResultSchema,
} from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { msToDuration } from '@meltemi/base';

import { encodeReferences } from '../attributes/referenced-attributes.ts';
import type { CheckVerdict, QuotaVerdict } from '../rules/policy-engine.ts';

/** Stands for ever: protobuf's durations end at 10,000 years. */
const LONGEST_MS = 1e12;
const LARGEST_INT32 = 2 ** 31 - 1;

export function preconditionMessage(verdict: CheckVerdict, globalWordCount: number): CheckResponse_PreconditionResult {
  const { status, validDurationMs, validUseCount, references } = verdict;
  return create(CheckResponse_PreconditionResultSchema, {
    status: { code: status.code, message: status.message },
    validDuration: durationMessage(validDurationMs),
    validUseCount: Math.min(validUseCount, LARGEST_INT32),
    referencedAttributes: encodeReferences(references, globalWordCount),
  });
}

export function quotaMessage(verdict: QuotaVerdict, globalWordCount: number): CheckResponse_QuotaResult {
  const { granted, validDurationMs, references } = verdict;
  return create(CheckResponse_QuotaResultSchema, {
    grantedAmount: BigInt(granted),
    validDuration: durationMessage(validDurationMs),
    referencedAttributes: encodeReferences(references, globalWordCount),
  });
}

function durationMessage(
  ms: number,
): NonNullable<MessageInitShape<typeof CheckResponse_QuotaResultSchema>['validDuration']> {
  return msToDuration(Math.min(ms, LONGEST_MS));
}
