// Tracing that reports to nobody: requests are still marked, and sidecars tell each other the names of operations.
import type { TracingProvider } from './request-tracer.ts';

const NO_TRACE = { kind: 'none', form: '', sampled: false } as const;
const NO_IDS = { traceId: '', spanId: '' };

export const SILENT_PROVIDER: TracingProvider = {
  reporter: { report() {}, close() {} },
  sharesSpans: false,
  samplesAnew: false,
  extract: () => NO_TRACE,
  inject() {},
  newTrace: () => NO_IDS,
  newSpanId: () => '',
  spanName: () => '',
};
