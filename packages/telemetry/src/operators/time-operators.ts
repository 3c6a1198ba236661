// The operators that write points of time, and those that write how long something took.
import { type AccessLogEntry, TIME_POINTS, type TimePoint } from '../access-log-entry.ts';
import { compileTimeFormat, type TimeZone } from '../time-format.ts';
import { badArgument, type CompileOperator, type Operator, plain } from './operator.ts';

/** Milliseconds since the epoch. */
type Time = (entry: AccessLogEntry) => number | undefined;

export const TIME_OPERATORS: Readonly<Record<string, CompileOperator>> = {
  START_TIME: compileTime((entry) => entry.startTimeMs, 'utc'),
  START_TIME_LOCAL: compileTime((entry) => entry.startTimeMs, 'local'),
  EMIT_TIME: compileEmitTime('utc'),
  EMIT_TIME_LOCAL: compileEmitTime('local'),
  DOWNSTREAM_PEER_CERT_V_START: compileTime((entry) => entry.downstreamTls?.peer?.validFromMs, 'utc'),
  DOWNSTREAM_PEER_CERT_V_END: compileTime((entry) => entry.downstreamTls?.peer?.validToMs, 'utc'),
  UPSTREAM_PEER_CERT_V_START: compileTime((entry) => entry.upstreamTls?.peer?.validFromMs, 'utc'),
  UPSTREAM_PEER_CERT_V_END: compileTime((entry) => entry.upstreamTls?.peer?.validToMs, 'utc'),
  DURATION: plain((entry) => Math.floor(entry.durationMs)),
  REQUEST_DURATION: plain((entry) => floored(entry.requestDurationMs)),
  RESPONSE_DURATION: plain((entry) => floored(entry.responseDurationMs)),
  REQUEST_TX_DURATION: plain((entry) => floored(timePoint(entry, 'US_TX_END'))),
  RESPONSE_TX_DURATION: plain((entry) => between(entry, 'US_RX_BEG', 'DS_TX_END', 1)),
  // Of QUIC alone.
  ROUNDTRIP_DURATION: plain(() => undefined),
  COMMON_DURATION: compileDuration,
};

/** Milliseconds from the start of the entry. */
export function timePoint(entry: AccessLogEntry, point: TimePoint): number | undefined {
  switch (point) {
    case 'DS_RX_BEG':
    case 'DS_CX_BEG':
      return 0;
    case 'DS_RX_END':
      return entry.requestDurationMs;
    case 'US_RX_BEG':
      return entry.responseDurationMs;
    case 'DS_TX_END':
      return entry.responseCode === 0 ? undefined : entry.durationMs;
    default:
      return entry.timePointMs?.(point);
  }
}

function compileTime(time: Time, zone: TimeZone): CompileOperator {
  return (argument, _context, name) => {
    const text = compileTimeFormat(
      argument || (zone === 'utc' ? '%Y-%m-%dT%H:%M:%S.%3fZ' : '%Y-%m-%dT%H:%M:%S.%3f%z'),
      zone,
    );
    if (!text) throw badArgument(name, `time format "${argument}" is not known`);
    return (entry) => {
      const epochMs = time(entry);
      return epochMs === undefined ? undefined : text(epochMs);
    };
  };
}

function compileEmitTime(zone: TimeZone): CompileOperator {
  return (argument, context, name) => {
    const { now } = context;
    if (!now) throw badArgument(name, 'there is no time of emission here');
    return compileTime(now, zone)(argument, context, name);
  };
}

const PRECISIONS: Readonly<Record<string, number>> = { ms: 1, us: 1e3, ns: 1e6 };

/** `START:END:PRECISION` */
function compileDuration(argument: string | undefined, _context: unknown, name: string): Operator {
  const [from, to, precision, ...more] = (argument ?? '').split(':');
  const scale = Object.hasOwn(PRECISIONS, precision ?? '') ? PRECISIONS[precision!] : undefined;
  if (!isTimePoint(from) || !isTimePoint(to) || scale === undefined || more.length > 0) {
    throw badArgument(name, `"${argument}" is not START:END:PRECISION of known points`);
  }
  return (entry) => between(entry, from, to, scale);
}

function isTimePoint(name: string | undefined): name is TimePoint {
  return (TIME_POINTS as readonly (string | undefined)[]).includes(name);
}

function between(entry: AccessLogEntry, from: TimePoint, to: TimePoint, scale: number): number | undefined {
  const start = timePoint(entry, from);
  const end = timePoint(entry, to);
  // A connection may have been there before the request.
  return start === undefined || end === undefined || end < start ? undefined : Math.floor((end - start) * scale);
}

function floored(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.floor(value);
}
