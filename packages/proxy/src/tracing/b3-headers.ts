// The B3 headers of a request, one or several, → where it stands in a trace, and the reverse. https://github.com/openzipkin/b3-propagation
import type { Headers } from '@meltemi/wire';
import type { Extracted, TraceContext } from './trace-context.ts';

/** `b3`, or `x-b3-…` for each part. */
export type B3Form = 'single' | 'multi';

export function extractB3(headers: Headers): Extracted<B3Form> {
  const single = headers.get('b3');
  return single === undefined ? extractMulti(headers) : extractSingle(single);
}

export function injectB3(headers: Headers, { traceId, spanId, parentId, sampled }: TraceContext, form: B3Form): void {
  const flag = sampled ? '1' : '0';
  if (form === 'single') {
    return headers.put('b3', `${traceId}-${spanId}-${flag}${parentId === undefined ? '' : `-${parentId}`}`);
  }
  headers.put('x-b3-traceid', traceId);
  headers.put('x-b3-spanid', spanId);
  if (parentId !== undefined) headers.put('x-b3-parentspanid', parentId);
  headers.put('x-b3-sampled', flag);
}

function extractMulti(headers: Headers): Extracted<B3Form> {
  const sampled = headers.get('x-b3-flags') === '1' ? true : sampledOf(headers.get('x-b3-sampled'));
  const traceId = headers.get('x-b3-traceid');
  const spanId = headers.get('x-b3-spanid');
  if (traceId === undefined || spanId === undefined) return { kind: 'none', sampled, form: 'multi' };
  return contextOf({ traceId, spanId, parentId: headers.get('x-b3-parentspanid'), sampled }, 'multi');
}

/** `TRACE-SPAN[-SAMPLED[-PARENT]]`, or `SAMPLED` alone. */
function extractSingle(value: string): Extracted<B3Form> {
  if (/^[01d]$/.test(value)) return { kind: 'none', sampled: sampledOf(value), form: 'single' };
  const [traceId = '', spanId = '', flag, parentId, ...more] = value.split('-');
  if (more.length > 0 || (flag !== undefined && !/^[01d]$/.test(flag))) return { kind: 'malformed' };
  return contextOf({ traceId, spanId, parentId, sampled: sampledOf(flag) }, 'single');
}

function sampledOf(flag: string | undefined): boolean | undefined {
  switch (flag) {
    case '1':
    case 'd':
    case 'true':
      return true;
    case '0':
    case 'false':
      return false;
    default:
      return undefined;
  }
}

function contextOf(parts: Omit<TraceContext, 'state'>, form: B3Form): Extracted<B3Form> {
  const traceId = parts.traceId.toLowerCase();
  const spanId = parts.spanId.toLowerCase();
  const parentId = parts.parentId?.toLowerCase();
  const wellFormed =
    /^(?:[0-9a-f]{16}){1,2}$/.test(traceId) &&
    /^[0-9a-f]{16}$/.test(spanId) &&
    (parentId === undefined || /^[0-9a-f]{16}$/.test(parentId));
  if (!wellFormed) return { kind: 'malformed' };
  return { kind: 'context', context: { traceId, spanId, parentId, sampled: parts.sampled, state: '' }, form };
}
