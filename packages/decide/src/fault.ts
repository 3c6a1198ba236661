// Turns a fault filter's configuration into the faults of one request.
import type { HTTPFault } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import type { FaultRateLimit } from '@meltemi/api/envoy/extensions/filters/common/fault/v3/fault_pb';
import { type Dice, durationToMs } from '@meltemi/base';
import { falls, formatFraction, type Fraction, fractionOf } from './chance.ts';
import { type Condition, firstMiss } from './condition.ts';
import { DecideError } from './decide-error.ts';
import type { FaultAbort, FaultDecision, TraceSink } from './decision.ts';
import { compileHeaderCondition } from './header-match.ts';
import { firstOf, type RequestView } from './request-view.ts';
import { unsigned } from './retry-policy.ts';

/** A compiled HTTPFault. */
export interface FaultRule {
  readonly upstreamCluster: string;
  readonly downstreamNodes: ReadonlySet<string>;
  readonly conditions: readonly Condition[];
  readonly delay: Injection<number> | undefined;
  readonly abort: Injection<FaultAbort> | undefined;
  /** KiB a second of the response. */
  readonly rate: Injection<number> | undefined;
  readonly maxActive: number | undefined;
  readonly ignoresClientCluster: boolean;
}

interface Injection<Fault> {
  readonly what: 'delay' | 'abort' | 'rate';
  /** Undefined: this request does not get it. */
  readonly fault: (request: RequestView) => Fault | undefined;
  readonly fraction: (request: RequestView) => Fraction;
}

/** Throws DecideError. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/fault_filter */
export function compileFault(message: HTTPFault): FaultRule {
  return {
    upstreamCluster: message.upstreamCluster,
    downstreamNodes: new Set(message.downstreamNodes),
    conditions: message.headers.map(compileHeaderCondition),
    delay: message.delay && compileDelay(message.delay),
    abort: message.abort && compileAbort(message.abort),
    rate: message.responseRateLimit && compileRate(message.responseRateLimit),
    maxActive: message.maxActiveFaults,
    ignoresClientCluster: message.disableDownstreamClusterStats,
  };
}

/** The faults to inject, undefined for none. Delay and abort are independent; both are rolled for here. */
export function faultFor(
  rule: FaultRule,
  request: RequestView,
  cluster: string,
  dice: Dice,
  trace?: TraceSink,
): FaultDecision | undefined {
  const excluded = exclusion(rule, request, cluster);
  if (excluded !== undefined) {
    trace?.add({ subject: 'fault', name: 'fault', source: undefined, outcome: 'missed', reason: excluded });
    return undefined;
  }
  const delayMs = (rule.delay && inject(rule.delay, request, dice, trace)) ?? 0;
  const abort = rule.abort && inject(rule.abort, request, dice, trace);
  const rateKib = rule.rate && inject(rule.rate, request, dice, trace);
  if (delayMs === 0 && !abort && rateKib === undefined) return undefined;
  const { maxActive, ignoresClientCluster } = rule;
  return {
    delayMs,
    abort,
    maxActive,
    ...(rateKib !== undefined && { rateKib }),
    ...(ignoresClientCluster && { ignoresClientCluster }),
  };
}

function exclusion(rule: FaultRule, request: RequestView, cluster: string): string | undefined {
  if (rule.upstreamCluster !== '' && rule.upstreamCluster !== cluster)
    return `only for cluster ${rule.upstreamCluster}`;
  if (rule.downstreamNodes.size > 0) {
    const node = request.headers.get('x-envoy-downstream-service-node');
    if (node === undefined || !rule.downstreamNodes.has(node)) return `not for downstream node ${node ?? 'unknown'}`;
  }
  const missed = firstMiss(rule.conditions, request, '', 0);
  return missed && `wants ${missed.words}, it ${missed.seen(request, '', 0)}`;
}

function inject<Fault>(
  injection: Injection<Fault>,
  request: RequestView,
  dice: Dice,
  trace?: TraceSink,
): Fault | undefined {
  const fraction = injection.fraction(request);
  const fault = fraction.numerator > 0 ? injection.fault(request) : undefined;
  const hit = fault !== undefined && falls(dice.roll(), fraction);
  trace?.add({
    subject: 'fault',
    name: injection.what,
    source: undefined,
    outcome: hit ? 'matched' : 'missed',
    reason: fault === undefined ? 'not asked for' : `${formatFraction(fraction)} of requests`,
  });
  return hit ? fault : undefined;
}

function compileDelay(delay: NonNullable<HTTPFault['delay']>): Injection<number> {
  const specifier = delay.faultDelaySecifier;
  const fraction = fractionOf(delay.percentage);
  switch (specifier.case) {
    case 'fixedDelay': {
      const delayMs = durationToMs(specifier.value);
      return { what: 'delay', fault: () => delayMs, fraction: () => fraction };
    }
    case 'headerDelay':
      return {
        what: 'delay',
        fault: (request) => unsigned(firstOf(request, 'x-envoy-fault-delay-request')),
        fraction: (request) => headerFraction(fraction, firstOf(request, 'x-envoy-fault-delay-request-percentage')),
      };
    case undefined:
      throw new DecideError('BAD_FILTER', 'fault: a delay says neither fixed_delay nor header_delay');
  }
}

function compileAbort(abort: NonNullable<HTTPFault['abort']>): Injection<FaultAbort> {
  const specifier = abort.errorType;
  const fraction = fractionOf(abort.percentage);
  switch (specifier.case) {
    case 'httpStatus': {
      const fault = { status: checkStatus(specifier.value), grpcStatus: undefined };
      return { what: 'abort', fault: () => fault, fraction: () => fraction };
    }
    case 'grpcStatus': {
      const fault = { status: 200, grpcStatus: specifier.value };
      return { what: 'abort', fault: () => fault, fraction: () => fraction };
    }
    case 'headerAbort':
      return {
        what: 'abort',
        fault: headerAbort,
        fraction: (request) => headerFraction(fraction, firstOf(request, 'x-envoy-fault-abort-request-percentage')),
      };
    case undefined:
      throw new DecideError('BAD_FILTER', 'fault: an abort says no error');
  }
}

function compileRate(rate: FaultRateLimit): Injection<number> {
  const fraction = fractionOf(rate.percentage);
  switch (rate.limitType.case) {
    case 'fixedLimit': {
      const rateKib = Number(rate.limitType.value.limitKbps);
      if (rateKib < 1) throw new DecideError('BAD_FILTER', 'fault: limit_kbps is less than 1');
      return { what: 'rate', fault: () => rateKib, fraction: () => fraction };
    }
    case 'headerLimit':
      return {
        what: 'rate',
        fault: (request) => unsigned(firstOf(request, 'x-envoy-fault-throughput-response')) || undefined,
        fraction: (request) =>
          headerFraction(fraction, firstOf(request, 'x-envoy-fault-throughput-response-percentage')),
      };
    case undefined:
      throw new DecideError('BAD_FILTER', 'fault: a rate says neither fixed_limit nor header_limit');
  }
}

function checkStatus(status: number): number {
  if (status < 200 || status > 599) throw new DecideError('BAD_FILTER', `fault: status ${status} is not in 200–599`);
  return status;
}

function headerAbort(request: RequestView): FaultAbort | undefined {
  const status = unsigned(firstOf(request, 'x-envoy-fault-abort-request'));
  if (status !== undefined && status >= 200 && status < 600) return { status, grpcStatus: undefined };
  const grpcStatus = unsigned(firstOf(request, 'x-envoy-fault-abort-grpc-request'));
  return grpcStatus === undefined ? undefined : { status: 200, grpcStatus };
}

// A client may ask for fewer faults than configured, never for more.
function headerFraction(configured: Fraction, header: string | undefined): Fraction {
  const asked = unsigned(header);
  return asked === undefined ? configured : { ...configured, numerator: Math.min(asked, configured.numerator) };
}
