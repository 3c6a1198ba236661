// A duration in Go's form → the text in which protobuf's JSON of the time wrote it: `3m` becomes `180.000s`.
import { parseDuration } from '@meltemi/base';

/** Three digits after the point, or six where there are microseconds. */
export function encodeDuration(written: string | undefined): string | undefined {
  const ms = written === undefined ? undefined : parseDuration(written);
  if (ms === undefined) return undefined;
  const microseconds = Math.round(ms * 1000);
  return `${(microseconds / 1_000_000).toFixed(microseconds % 1000 === 0 ? 3 : 6)}s`;
}
