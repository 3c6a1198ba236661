// Turns `per_connection_buffer_limit_bytes` into how many bytes may wait to be written to a connection.
import { highWaterMark } from '@meltemi/wire';

/** Unset: 64 KiB, a sixteenth of Envoy's. 0 is no limit, as in Envoy. */
export function bufferLimitOf(configured: number | undefined): number {
  return configured === 0 ? Infinity : (configured ?? highWaterMark);
}
