// Decides whether a failed try may be followed by another one, and after how long.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
import type { Dice } from '@meltemi/base';
import { type HeaderView, RETRY_ON, type RetryPolicy } from '@meltemi/decide';
import type { ResetReason } from '../cluster/cluster.ts';

/** How a try ended without a response. */
export type TryFailure = ResetReason | 'per-try-timeout';

const CONNECT_FAILURES: ReadonlySet<TryFailure> = new Set(['connect-failure', 'connect-timeout', 'tls-failure']);

/** gRPC's status codes that have a condition of their own. */
const GRPC_CONDITIONS: Readonly<Record<string, number>> = {
  '1': RETRY_ON.cancelled,
  '4': RETRY_ON['deadline-exceeded'],
  '8': RETRY_ON['resource-exhausted'],
  '13': RETRY_ON.internal,
  '14': RETRY_ON.unavailable,
};

/** `sentHead`: the upstream may have seen the request. */
export function retriesFailure(policy: RetryPolicy, failure: TryFailure, sentHead: boolean): boolean {
  // Another try would hit the same limit.
  if (failure === 'overflow') return false;
  const { on } = policy;
  if (on & (RETRY_ON['5xx'] | RETRY_ON['gateway-error'])) return true;
  if (on & RETRY_ON.reset) return true;
  if (on & RETRY_ON['refused-stream'] && failure === 'refused') return true;
  if (on & RETRY_ON['reset-before-request'] && !sentHead) return true;
  return (on & RETRY_ON['connect-failure']) !== 0 && CONNECT_FAILURES.has(failure);
}

export function retriesResponse(policy: RetryPolicy, status: number, headers: HeaderView): boolean {
  const { on } = policy;
  // Another proxy's limit: only who says so runs into it again.
  if (headers.has('x-envoy-ratelimited')) return (on & RETRY_ON['envoy-ratelimited']) !== 0;
  if (on & RETRY_ON['5xx'] && status >= 500) return true;
  if (on & RETRY_ON['gateway-error'] && status >= 502 && status <= 504) return true;
  if (on & RETRY_ON['retriable-4xx'] && status === 409) return true;
  if (on & RETRY_ON['retriable-status-codes'] && policy.retriableStatusCodes.includes(status)) return true;
  if (on & RETRY_ON['retriable-headers'] && policy.retriableResponse(headers)) return true;
  const grpcStatus = headers.get('grpc-status');
  return grpcStatus !== undefined && (on & (GRPC_CONDITIONS[grpcStatus] ?? 0)) !== 0;
}

/** Milliseconds before try `retry` (1: the first after the original): random in [0, min(base · (2^n − 1), max)). */
export function backOffMs(policy: RetryPolicy, retry: number, dice: Dice): number {
  const ceiling = Math.min(policy.baseIntervalMs * (2 ** retry - 1), policy.maxIntervalMs);
  return dice.roll() * ceiling;
}

/**
 * How long the upstream wants to be left alone, in milliseconds: its first header that says so, where the policy heeds
 * it. Undefined: nothing, or longer than the policy waits. `nowMs`: since 1970.
 */
export function askedBackOffMs(
  { resetHeaders, resetMaxIntervalMs }: RetryPolicy,
  headers: HeaderView,
  nowMs: number,
): number | undefined {
  for (const { name, format } of resetHeaders) {
    const text = headers.get(name)?.trim();
    if (text === undefined || !/^\d{1,15}$/.test(text)) continue;
    const ms = Number(text) * 1000 - (format === 'unix-timestamp' ? nowMs : 0);
    if (ms >= 0 && ms <= resetMaxIntervalMs) return ms;
  }
  return undefined;
}

/** Not before the time that the upstream asked for, and not all at once: random in [ms, 1.5 ms). */
export function politeBackOffMs(ms: number, dice: Dice): number {
  return ms * (1 + dice.roll() / 2);
}

/** RFC 9110 §9.2.1: a safe request may be sent again when a kept-alive connection closed under it. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
