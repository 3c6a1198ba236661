// What a try tells its upstream of the time that it has.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-expected-rq-timeout-ms
import type { RouteDecision } from '@meltemi/decide';
import type { Headers } from '@meltemi/wire';
import { isGrpcRequest } from './grpc-answer.ts';

/** `elapsedMs`: what of the route's time is over. `announce`: say it in Envoy's own header. */
export function setTimeoutHeaders(
  headers: Headers,
  decision: RouteDecision,
  elapsedMs: number,
  announce: boolean,
): void {
  const expected = expectedMs(decision, elapsedMs);
  if (expected <= 0) return;
  if (announce) headers.put('x-envoy-expected-rq-timeout-ms', String(expected));
  if (decision.rules.setGrpcTimeout && isGrpcRequest(headers)) headers.set('grpc-timeout', grpcTimeout(expected));
}

/** 0: no limit. A hedged try goes on when its own time is over. */
function expectedMs({ retry, timeoutMs, hedged }: RouteDecision, elapsedMs: number): number {
  const perTry = hedged ? 0 : (retry?.perTryTimeoutMs ?? 0);
  if (timeoutMs === 0) return Math.round(perTry);
  const left = Math.max(1, Math.round(timeoutMs - elapsedMs));
  return perTry === 0 ? left : Math.min(Math.round(perTry), left);
}

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
];

/** At most eight digits and a unit. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
function grpcTimeout(ms: number): string {
  for (const [unit, length] of UNITS) {
    const count = Math.floor(ms / length);
    if (count <= 99_999_999) return `${count}${unit}`;
  }
  return '99999999H';
}
