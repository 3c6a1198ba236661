// The header `grpc-timeout` → milliseconds.
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };
/** The longest that a timer of Node waits. */
const MAX_MS = 2 ** 31 - 1;

/** Undefined: none, or not to be understood. */
export function timeoutMs(header: string | readonly string[] | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(header ?? '')) ?? [];
  return digits === undefined ? undefined : Math.min(Number(digits) * UNIT_MS[unit!]!, MAX_MS);
}
