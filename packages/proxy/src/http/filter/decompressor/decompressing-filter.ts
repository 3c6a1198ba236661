// What the work on one exchange needs of the decompressor that it belongs to.
import type { Counter } from '@meltemi/telemetry';
import type { DecompressorLibrary } from './decompressor-library.ts';

export interface DirectionRules {
  readonly enabled: boolean;
  /** Of `cache-control`. */
  readonly ignoresNoTransform: boolean;
}

export interface DirectionStats {
  readonly decompressed: Counter;
  readonly notDecompressed: Counter;
  readonly uncompressedBytes: Counter;
  readonly compressedBytes: Counter;
}

export interface DecompressingFilter {
  readonly library: DecompressorLibrary;
  readonly request: DirectionRules;
  readonly response: DirectionRules;
  /** Upstreams are told that they may compress. */
  readonly advertises: boolean;
  readonly requestStats: DirectionStats;
  readonly responseStats: DirectionStats;
  /** Bodies that are damaged, or bombs. */
  readonly errors: Counter;
  /** Trailers say how many bytes there were: `PREFIX-compressed-bytes`. */
  readonly trailerPrefix: string;
}
