// Durations as Go writes and reads them (https://pkg.go.dev/time#Duration.String), exact to the nanosecond.

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const LARGEST = 2n ** 63n - 1n;
const WHOLE = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** Nanoseconds, or undefined for a text that is no duration or one of more than 292 years. */
export function parseGoDuration(text: string): bigint | undefined {
  if (/^[+-]?0$/.test(text)) return 0n;
  const match = WHOLE.exec(text);
  if (!match) return undefined;
  let total = 0n;
  for (const [, amount, unit] of match[2]!.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += scaled(amount!, UNIT_NS[unit!]!);
  }
  if (total > LARGEST) return undefined;
  return match[1] === '-' ? -total : total;
}

/** Writes `1h15m30.918s`, `19ms`, `1.5µs`, `0s`. */
export function formatGoDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1000n)}µs`;
  if (size < 1_000_000_000n) return `${sign}${decimal(size, 1_000_000n)}ms`;
  return sign + clockFace(size);
}

function scaled(amount: string, unit: bigint): bigint {
  const [whole, fraction = ''] = amount.split('.');
  const exact = BigInt(whole || '0') * unit;
  // Digits below a nanosecond are dropped, as Go does.
  return fraction === '' ? exact : exact + (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length);
}

function clockFace(size: bigint): string {
  const minutes = size / UNIT_NS['m']!;
  const seconds = `${decimal(size % UNIT_NS['m']!, UNIT_NS['s']!)}s`;
  if (minutes === 0n) return seconds;
  const hours = minutes / 60n;
  return hours === 0n ? `${minutes}m${seconds}` : `${hours}h${minutes % 60n}m${seconds}`;
}

function decimal(size: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1;
  const fraction = (size % unit).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' ? `${size / unit}` : `${size / unit}.${fraction}`;
}
