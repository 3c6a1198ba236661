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

export type RetryCondition = keyof typeof RETRY_ON;

/** When and how to try again. */
export interface RetryPolicy {
  /** Bits of RETRY_ON; never 0. */
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
  /** Hosts not to pick again. */
  readonly hostPredicates: readonly ('previous-hosts' | 'omit-canary-hosts')[];
  /** How often to pick again when a predicate refuses the host. */
  readonly hostSelectionAttempts: number;
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
  if (message?.retryPriority) throw new DecideError('UNSUPPORTED', `retry priority ${message.retryPriority.name}`);
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
      hostPredicates: (message?.retryHostPredicate ?? []).map(({ name }) => hostPredicate(name)),
      hostSelectionAttempts: Number(message?.hostSelectionRetryMaxAttempts ?? 0n) || 1,
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
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
];

/** The policy for one request, undefined when nothing would be retried. */
export function retryFor(rule: RetryRule, request: RequestView, timeoutMs: number): RetryPolicy | undefined {
  const policy = request.trusted ? withControlHeaders(rule.policy, request.headers) : rule.policy;
  if (policy.on === 0) return undefined;
  const { requestConditions } = rule;
  if (requestConditions.length > 0 && !requestConditions.some((condition) => condition.holds(request, '', 0))) {
    return undefined;
  }
  return fit(timeoutMs, policy);
}

// A try as long as the whole needs no limit of its own.
function fit(timeoutMs: number, policy: RetryPolicy): RetryPolicy {
  const needless = timeoutMs !== 0 && policy.perTryTimeoutMs >= timeoutMs;
  return needless ? { ...policy, perTryTimeoutMs: 0 } : policy;
}

function withControlHeaders(policy: RetryPolicy, headers: HeaderView): RetryPolicy {
  const words = [headers.get('x-envoy-retry-on'), headers.get('x-envoy-retry-grpc-on')].filter(Boolean).join(',');
  const retries = headers.get('x-envoy-max-retries');
  const perTry = headers.get('x-envoy-upstream-rq-per-try-timeout-ms');
  const codes = headers.get('x-envoy-retriable-status-codes');
  const names = headers.get('x-envoy-retriable-header-names')?.split(',');
  if (words === '' && retries === undefined && perTry === undefined && !codes && !names) return policy;
  const { retriableResponse } = policy;
  return {
    ...policy,
    on: policy.on | parseRetryOn(words),
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

function hostPredicate(name: string): 'previous-hosts' | 'omit-canary-hosts' {
  if (name === 'envoy.retry_host_predicates.previous_hosts') return 'previous-hosts';
  if (name === 'envoy.retry_host_predicates.omit_canary_hosts') return 'omit-canary-hosts';
  throw new DecideError('UNSUPPORTED', `retry host predicate ${name}`);
}
