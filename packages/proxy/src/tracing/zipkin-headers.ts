// The headers by which Zipkin's traces go on: B3, and those of W3C beside them where both are asked for.
import { ZipkinConfig_TraceContextOption as ContextOption } from '@meltemi/api/envoy/config/trace/v3/zipkin_pb';
import { type B3Form, extractB3, injectB3 } from './b3-headers.ts';
import type { TracingProvider } from './request-tracer.ts';
import { extractW3c, traceParent } from './w3c-headers.ts';

type HeaderWays = Pick<TracingProvider, 'extract' | 'inject'>;

const B3: HeaderWays = {
  extract: extractB3,
  inject: (headers, context, form) => injectB3(headers, context, form as B3Form),
};

/** What B3 says counts; without it, what W3C says. */
const BOTH: HeaderWays = {
  extract(headers) {
    const b3 = extractB3(headers);
    if (b3.kind !== 'none') return b3;
    const w3c = extractW3c(headers);
    return w3c.kind === 'context' ? { ...w3c, form: b3.form } : b3;
  },
  inject(headers, context, form) {
    B3.inject(headers, context, form);
    headers.put('traceparent', traceParent({ ...context, traceId: context.traceId.padStart(32, '0') }));
  },
};

export function zipkinHeaders(option: ContextOption): HeaderWays {
  return option === ContextOption.USE_B3_WITH_W3C_PROPAGATION ? BOTH : B3;
}
