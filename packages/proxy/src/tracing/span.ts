// A span as it is reported, whoever takes it.
import type { TraceContext } from './trace-context.ts';

export interface FinishedSpan {
  readonly context: TraceContext;
  readonly kind: 'server' | 'client';
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly tags: readonly SpanTag[];
  readonly error: boolean;
  /** Its parent is in another process. */
  readonly remoteParent: boolean;
  /** The client's span has the same id: Zipkin knows both by it. */
  readonly shared: boolean;
  /** `ip:port` where the request came in. */
  readonly localAddress: string;
}

export type SpanTag = readonly [name: string, value: string];

/** Takes spans that are to be seen; never slows a request down. */
export interface SpanReporter {
  report(span: FinishedSpan): void;
  close(): void;
}
