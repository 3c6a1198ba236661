// Compiles strftime formats, with Envoy's `%3f` and `%s`, into functions from epoch milliseconds to text, in UTC or local time.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators START_TIME

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

export type TimeZone = 'utc' | 'local';

/** A time whose UTC fields are those of the wanted zone. */
interface ZonedTime {
  readonly date: Date;
  readonly epochMs: number;
  /** Of the zone to UTC. */
  readonly offsetMinutes: number;
}

type TimeText = (date: Date, zoned: ZonedTime) => string;

const SPECIFIERS: Readonly<Record<string, TimeText>> = {
  Y: (time) => String(time.getUTCFullYear()),
  y: (time) => two(time.getUTCFullYear() % 100),
  m: (time) => two(time.getUTCMonth() + 1),
  d: (time) => two(time.getUTCDate()),
  e: (time) => String(time.getUTCDate()).padStart(2),
  H: (time) => two(time.getUTCHours()),
  I: (time) => two(time.getUTCHours() % 12 || 12),
  M: (time) => two(time.getUTCMinutes()),
  S: (time) => two(time.getUTCSeconds()),
  p: (time) => (time.getUTCHours() < 12 ? 'AM' : 'PM'),
  b: (time) => MONTHS[time.getUTCMonth()]!.slice(0, 3),
  B: (time) => MONTHS[time.getUTCMonth()]!,
  a: (time) => DAYS[time.getUTCDay()]!.slice(0, 3),
  A: (time) => DAYS[time.getUTCDay()]!,
  F: (time) => time.toISOString().slice(0, 10),
  T: (time) => time.toISOString().slice(11, 19),
  z: (_time, { offsetMinutes }) => offsetText(offsetMinutes),
  Z: (_time, { offsetMinutes }) => (offsetMinutes === 0 ? 'UTC' : offsetText(offsetMinutes)),
  s: (_time, { epochMs }) => String(Math.floor(epochMs / 1000)),
  f: (time) => fraction(time, 9),
  n: () => '\\n',
  t: () => '\\t',
  '%': () => '%',
};

/** Undefined for a specifier that is not known. */
export function compileTimeFormat(format: string, zone: TimeZone = 'utc'): ((epochMs: number) => string) | undefined {
  const parts = [...format.matchAll(/%(?:E?([1-9])([fS])|(.))|([^%]+)|%$/gs)].map(timePart);
  if (!parts.every((part) => part !== undefined)) return undefined;
  return (epochMs) => {
    const zoned = zonedTime(epochMs, zone);
    return parts.map((part) => part(zoned.date, zoned)).join('');
  };
}

function zonedTime(epochMs: number, zone: TimeZone): ZonedTime {
  const offsetMinutes = zone === 'utc' ? 0 : -new Date(epochMs).getTimezoneOffset();
  return { date: new Date(epochMs + offsetMinutes * 60_000), epochMs, offsetMinutes };
}

/** `+0530` */
function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function timePart([, digits, kind, specifier, literal]: RegExpExecArray): TimeText | undefined {
  if (literal !== undefined) return () => literal;
  if (specifier !== undefined) return SPECIFIERS[specifier];
  if (digits === undefined) return undefined;
  if (kind === 'f') return (time) => fraction(time, Number(digits));
  return (time) => `${two(time.getUTCSeconds())}.${fraction(time, Number(digits))}`;
}

function fraction(time: Date, digits: number): string {
  return String(time.getUTCMilliseconds()).padStart(3, '0').padEnd(9, '0').slice(0, digits);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
