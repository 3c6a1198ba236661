// The adapter that refuses every check and quota with one status.
import { type CheckResult, type Handler, STATUS } from './adapter.ts';
import type { SpecReader } from './spec-reader.ts';

export function denier(spec: SpecReader): Handler {
  const status = spec.object('status');
  const result: CheckResult = {
    status: { code: status.integer('code', STATUS.FAILED_PRECONDITION), message: status.text('message') },
    validDurationMs: spec.durationMs('validDuration', 5000),
    validUseCount: spec.integer('validUseCount', 1000),
  };
  return {
    templates: ['checknothing', 'listentry', 'quota'],
    check: () => result,
    quota: () => ({ granted: 0, validDurationMs: result.validDurationMs }),
  };
}
