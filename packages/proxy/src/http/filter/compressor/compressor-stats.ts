// The compressor's counters, under Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/compressor_filter#statistics
import type { Counter, StatsScope } from '@meltemi/telemetry';
import type { EncodingChoice } from './accept-encoding.ts';

export interface DirectionStats {
  readonly compressed: Counter;
  readonly notCompressed: Counter;
  readonly uncompressedBytes: Counter;
  readonly compressedBytes: Counter;
  readonly tooSmall: Counter;
}

export interface ChoiceStats {
  readonly noAcceptHeader: Counter;
  readonly used: Counter;
  readonly overshadowed: Counter;
  readonly identity: Counter;
  readonly wildcard: Counter;
  readonly notValid: Counter;
  readonly notCompressedEtag: Counter;
}

export function directionStats(scope: StatsScope, prefix: string): DirectionStats {
  return {
    compressed: scope.counter(`${prefix}compressed`),
    notCompressed: scope.counter(`${prefix}not_compressed`),
    uncompressedBytes: scope.counter(`${prefix}total_uncompressed_bytes`),
    compressedBytes: scope.counter(`${prefix}total_compressed_bytes`),
    tooSmall: scope.counter(`${prefix}content_length_too_small`),
  };
}

export function choiceStats(scope: StatsScope, prefix: string): ChoiceStats {
  return {
    noAcceptHeader: scope.counter(`${prefix}no_accept_header`),
    used: scope.counter(`${prefix}header_compressor_used`),
    overshadowed: scope.counter(`${prefix}header_compressor_overshadowed`),
    identity: scope.counter(`${prefix}header_identity`),
    wildcard: scope.counter(`${prefix}header_wildcard`),
    notValid: scope.counter(`${prefix}header_not_valid`),
    notCompressedEtag: scope.counter(`${prefix}not_compressed_etag`),
  };
}

/** `chosen`: the choice is the compressor that counts. */
export function countChoice(stats: ChoiceStats, { why }: EncodingChoice, chosen: boolean): void {
  switch (why) {
    case 'compressor':
      return (chosen ? stats.used : stats.overshadowed).increment();
    case 'identity':
      return stats.identity.increment();
    case 'wildcard':
      return stats.wildcard.increment();
    case 'not-valid':
      return stats.notValid.increment();
  }
}
