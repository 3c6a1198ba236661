// Moments as RFC 3339 text to nanoseconds since 1970 and back.

const RFC3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;
const SECOND = 1_000_000_000n;

/** Nanoseconds since 1970, or undefined for a text that is no RFC 3339 time. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, date, time, fraction = '', zone] = match;
  const utc = Date.parse(`${date}T${time}Z`);
  // A date that is not in the calendar, as 30 February, moves on when it is read.
  if (Number.isNaN(utc) || !new Date(utc).toISOString().startsWith(`${date}T${time}`)) return undefined;
  const offset = offsetMs(zone!);
  if (offset === undefined) return undefined;
  return BigInt(utc - offset) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

/** Writes `2015-01-02T15:04:35Z`, with a fraction where there is one. */
export function formatTimestamp(nanoseconds: bigint): string {
  const fraction = ((nanoseconds % SECOND) + SECOND) % SECOND;
  const whole = new Date(Number((nanoseconds - fraction) / 1_000_000n)).toISOString().slice(0, -5);
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? `${whole}Z` : `${whole}.${digits}Z`;
}

function offsetMs(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
