// Durations as text (Go's and protobuf's forms) to milliseconds and back.

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads `1.5s`, `100ms`, `1h15m30.918s` (https://pkg.go.dev/time#ParseDuration) into milliseconds.
 * Returns undefined for anything else: the caller knows the place to name.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match) return text === '0' ? 0 : undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * UNIT_MS[unit as string]!;
  }
  return match[1] === '-' ? -total : total;
}

/** Milliseconds of a protobuf Duration (`{seconds, nanos}`). */
export function durationToMs(duration: { readonly seconds: bigint; readonly nanos: number }): number {
  return Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** The fields of a protobuf Duration for a time in milliseconds. */
export function msToDuration(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.trunc(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
