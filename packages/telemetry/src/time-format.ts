// Compiles strftime formats, with Envoy's `%3f` and `%s`, into functions from epoch milliseconds to text. Times are UTC.
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

type TimeText = (time: Date) => string;

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
  z: () => '+0000',
  Z: () => 'UTC',
  s: (time) => String(Math.floor(time.getTime() / 1000)),
  f: (time) => fraction(time, 9),
  n: () => '\\n',
  t: () => '\\t',
  '%': () => '%',
};

/** Undefined for a specifier that is not known. */
export function compileTimeFormat(format: string): ((epochMs: number) => string) | undefined {
  const parts = [...format.matchAll(/%(?:E?([1-9])([fS])|(.))|([^%]+)|%$/gs)].map(timePart);
  if (!parts.every((part) => part !== undefined)) return undefined;
  return (epochMs) => {
    const time = new Date(epochMs);
    return parts.map((part) => part(time)).join('');
  };
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
