// Compiles retry policies to bit sets and numbers, and lets trusted request headers change them.
import type {
  HeaderMatcher,
  RetryPolicy as RetryPolicyMessage,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { RetryPolicy_ResetHeaderFormat as ResetHeaderFormat } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { durationToMs } from '@meltemi/base';
import type { Condition } from './condition.ts';
import { DecideError } from './decide-error.ts';
import { compileHeaderCondition, compileHeaderTest, parseInteger } from './header-match.ts';
import type { HeaderView, RequestView } from './request-view.ts';
import { compileRetryHosts, type RetryHosts } from './retry-hosts.ts';

/** Conditions of `retry_on`, one bit each. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on */
export const RETRY_ON = {
  '5xx': 1,
  'gateway-error': 1 << 1,
  'connect-failure': 1 << 2,
  'retriable-4xx': 1 << 3,
  'refused-stream': 1 << 4,
  cancelled: 1 << 5,
  'deadline-exceeded': 1 << 6,
  'resource-exhausted': 1 << 7,
  unavailable: 1 << 8,
  internal: 1 << 9,
  'retriable-status-codes': 1 << 10,
  reset: 1 << 11,
  'retriable-headers': 1 << 12,
  'envoy-ratelimited': 1 << 13,
  'http3-post-connect-failure': 1 << 14,
  'reset-before-request': 1 << 15,
} as const;

/** Those of gRPC's status codes. */
const GRPC_WORDS =
  RETRY_ON.cancelled |
  RETRY_ON['deadline-exceeded'] |
  RETRY_ON['resource-exhausted'] |
  RETRY_ON.unavailable |
  RETRY_ON.internal;

export type RetryCondition = keyof typeof RETRY_ON;

/** When and how to try again. */
export interface RetryPolicy {
  /** Bits of RETRY_ON; 0 where only the limits of the one try count. */
  readonly on: number;
  /** Tries after the first. */
  readonly numRetries: number;
  /** 0: none. */
  readonly perTryTimeoutMs: number;
  /** 0: none. */
  readonly perTryIdleTimeoutMs: number;
  /** Back-off before try n is random in [0, min(base·(2^n−1), max)). */
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
  /** For `retriable-status-codes`. */
  readonly retriableStatusCodes: readonly number[];
  /** For `retriable-headers`: true when the response's headers ask for another try. */
  readonly retriableResponse: (responseHeaders: HeaderView) => boolean;
  readonly hosts: RetryHosts;
  /** Response headers that say how long to wait. */
  readonly resetHeaders: readonly { readonly name: string; readonly format: 'seconds' | 'unix-timestamp' }[];
  readonly resetMaxIntervalMs: number;
}

/** A compiled policy with the part that depends on the request. */
export interface RetryRule {
  /** `on` may be 0 here: headers of the request can turn it on. */
  readonly policy: RetryPolicy;
  /** Where there are any, one must hold, else the request is not retried. */
  readonly requestConditions: readonly Condition[];
}

const DEFAULT_BASE_MS = 25;

/** Throws DecideError BAD_RETRY, UNSUPPORTED. An absent policy retries nothing. */
export function compileRetryPolicy(message: RetryPolicyMessage | undefined, timeoutMs = 0): RetryRule {
  return message ? compilePresent(message, timeoutMs) : NO_RETRIES;
}

function compilePresent(message: RetryPolicyMessage | undefined, timeoutMs: number): RetryRule {
  if (message?.retryOptionsPredicates.length) throw new DecideError('UNSUPPORTED', 'retry options predicates');
  return {
    policy: fit(timeoutMs, {
      on: parseRetryOn(message?.retryOn ?? ''),
      numRetries: message?.numRetries ?? 1,
      perTryTimeoutMs: message?.perTryTimeout ? durationToMs(message.perTryTimeout) : 0,
      perTryIdleTimeoutMs: message?.perTryIdleTimeout ? durationToMs(message.perTryIdleTimeout) : 0,
      ...compileBackOff(message),
      retriableStatusCodes: message?.retriableStatusCodes ?? [],
      retriableResponse: compileResponseTest(message?.retriableHeaders ?? []),
      hosts: compileRetryHosts(message),
      ...compileRateLimitedBackOff(message),
    }),
    requestConditions: (message?.retriableRequestHeaders ?? []).map(compileHeaderCondition),
  };
}

/** Bits of RETRY_ON in a comma-separated list; words that mean nothing count for nothing, as in Envoy. */
export function parseRetryOn(list: string): number {
  let bits = 0;
  for (const word of list.split(',')) bits |= RETRY_ON[word.trim() as RetryCondition] ?? 0;
  return bits;
}

/** The words of the bits: `5xx,reset`. */
export function formatRetryOn(bits: number): string {
  return Object.entries(RETRY_ON)
    .flatMap(([word, bit]) => (bits & bit ? [word] : []))
    .join(',');
}

/** The request headers that a trusted client may set to change timeouts and retries; they are not sent on. */
export const CONTROL_HEADERS: readonly string[] = [
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-stream-duration-ms',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-hedge-on-per-try-timeout',
];

/** The policy for one request, undefined when nothing would be retried and a try has no limits. */
export function retryFor(rule: RetryRule, request: RequestView, timeoutMs: number): RetryPolicy | undefined {
  const policy = request.trusted ? withControlHeaders(rule.policy, request.headers) : rule.policy;
  if (policy.on === 0) return limitsOnly(timeoutMs, policy);
  const { requestConditions } = rule;
  if (requestConditions.length > 0 && !requestConditions.some((condition) => condition.holds(request, '', 0))) {
    return limitsOnly(timeoutMs, { ...policy, on: 0 });
  }
  return fit(timeoutMs, policy);
}

// The only try has the limits of one, too.
function limitsOnly(timeoutMs: number, policy: RetryPolicy): RetryPolicy | undefined {
  if (policy.perTryTimeoutMs === 0 && policy.perTryIdleTimeoutMs === 0) return undefined;
  return fit(timeoutMs, policy);
}

// A try as long as the whole needs no limit of its own.
function fit(timeoutMs: number, policy: RetryPolicy): RetryPolicy {
  const needless = timeoutMs !== 0 && policy.perTryTimeoutMs >= timeoutMs;
  return needless ? { ...policy, perTryTimeoutMs: 0 } : policy;
}

function withControlHeaders(policy: RetryPolicy, headers: HeaderView): RetryPolicy {
  const asked =
    (parseRetryOn(headers.get('x-envoy-retry-on') ?? '') & ~GRPC_WORDS) |
    (parseRetryOn(headers.get('x-envoy-retry-grpc-on') ?? '') & GRPC_WORDS);
  const retries = headers.get('x-envoy-max-retries');
  const perTry = headers.get('x-envoy-upstream-rq-per-try-timeout-ms');
  const codes = headers.get('x-envoy-retriable-status-codes');
  const names = headers.get('x-envoy-retriable-header-names')?.split(',');
  if (asked === 0 && retries === undefined && perTry === undefined && !codes && !names) return policy;
  const { retriableResponse } = policy;
  return {
    ...policy,
    on: policy.on | asked,
    numRetries: unsigned(retries) ?? policy.numRetries,
    perTryTimeoutMs: unsigned(perTry) ?? policy.perTryTimeoutMs,
    retriableStatusCodes: [
      ...policy.retriableStatusCodes,
      ...(codes?.split(',') ?? []).flatMap((c) => unsigned(c) ?? []),
    ],
    retriableResponse: names
      ? (response) => retriableResponse(response) || names.some((name) => response.has(name.trim().toLowerCase()))
      : retriableResponse,
  };
}

/** A header's non-negative decimal number, undefined for anything else. */
export function unsigned(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : parseInteger(text);
  return value === undefined || value < 0n ? undefined : Number(value);
}

function compileBackOff(message: RetryPolicyMessage | undefined): { baseIntervalMs: number; maxIntervalMs: number } {
  const backOff = message?.retryBackOff;
  if (!backOff) return { baseIntervalMs: DEFAULT_BASE_MS, maxIntervalMs: DEFAULT_BASE_MS * 10 };
  if (!backOff.baseInterval) throw new DecideError('BAD_RETRY', 'retry_back_off without base_interval');
  const baseIntervalMs = Math.max(1, durationToMs(backOff.baseInterval));
  const maxIntervalMs = backOff.maxInterval ? Math.max(1, durationToMs(backOff.maxInterval)) : baseIntervalMs * 10;
  if (maxIntervalMs < baseIntervalMs) throw new DecideError('BAD_RETRY', 'max_interval is less than base_interval');
  return { baseIntervalMs, maxIntervalMs };
}

const DEFAULT_RESET_MAX_MS = 300_000;

function compileRateLimitedBackOff(message: RetryPolicyMessage | undefined) {
  const backOff = message?.rateLimitedRetryBackOff;
  return {
    resetHeaders: (backOff?.resetHeaders ?? []).map(({ name, format }) => ({
      name: name.toLowerCase(),
      format: format === ResetHeaderFormat.UNIX_TIMESTAMP ? ('unix-timestamp' as const) : ('seconds' as const),
    })),
    resetMaxIntervalMs: backOff?.maxInterval ? Math.max(1, durationToMs(backOff.maxInterval)) : DEFAULT_RESET_MAX_MS,
  };
}

function compileResponseTest(matchers: readonly HeaderMatcher[]): (headers: HeaderView) => boolean {
  const tests = matchers.map(compileHeaderTest);
  return (headers) => tests.some((test) => test(headers));
}

/** Shared by all routes that say nothing. */
const NO_RETRIES = compilePresent(undefined, 0);
