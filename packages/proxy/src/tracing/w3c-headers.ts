// The headers `traceparent` and `tracestate` → where a request stands in a trace, and the reverse. https://www.w3.org/TR/trace-context/
import type { Headers } from '@meltemi/wire';
import type { Extracted, TraceContext } from './trace-context.ts';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

export function extractW3c(headers: Headers): Extracted<'w3c'> {
  const value = headers.get('traceparent');
  if (value === undefined) return { kind: 'none', sampled: undefined, form: 'w3c' };
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACEPARENT.exec(value) ?? [];
  const known = version !== undefined && version !== 'ff' && (version !== '00' || rest === undefined);
  if (!known || /^0*$/.test(traceId) || /^0*$/.test(spanId)) return { kind: 'malformed' };
  const sampled = (parseInt(flags, 16) & 1) === 1;
  const state = headers.getAll('tracestate').join(',');
  return { kind: 'context', context: { traceId, spanId, parentId: undefined, sampled, state }, form: 'w3c' };
}

export function injectW3c(headers: Headers, context: TraceContext): void {
  headers.put('traceparent', traceParent(context));
  headers.put('tracestate', context.state);
}

/** `traceId`: 32 digits. */
export function traceParent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
