// The adapter that grants everything and records nothing.
import { type Handler, STATUS } from './adapter.ts';

export function noop(): Handler {
  return {
    templates: ['checknothing', 'listentry', 'logentry', 'metric', 'quota', 'reportnothing'],
    check: () => ({ status: { code: STATUS.OK, message: '' }, validDurationMs: Infinity, validUseCount: Infinity }),
    quota: (_, { amount }) => ({ granted: amount, validDurationMs: Infinity }),
    report: () => undefined,
  };
}
