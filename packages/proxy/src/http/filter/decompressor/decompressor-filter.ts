// Decompresses requests and responses, and asks upstreams for compressed responses.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/decompressor_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  type Decompressor,
  type Decompressor_CommonDirectionConfig as CommonDirection,
  DecompressorSchema,
} from '@meltemi/api/envoy/extensions/filters/http/decompressor/v3/decompressor_pb';
import type { Counter, StatsScope } from '@meltemi/telemetry';
import type { HttpFilterType } from '../filter-type.ts';
import type { HttpFilter, StreamFilter } from '../http-filter.ts';
import { DecompressedExchange } from './decompressed-exchange.ts';
import type { DecompressingFilter, DirectionStats, DirectionRules } from './decompressing-filter.ts';
import { type DecompressorLibrary, decompressorLibrary } from './decompressor-library.ts';

export const DECOMPRESSOR_FILTER: HttpFilterType = {
  typeName: DecompressorSchema.typeName,
  compile: (name, config, { stats, statPrefix }) =>
    new DecompressorFilter(
      name,
      fromBinary(DecompressorSchema, config),
      stats.scope('http', { http_conn_manager_prefix: statPrefix }),
    ),
};

class DecompressorFilter implements HttpFilter, DecompressingFilter {
  readonly name: string;
  readonly library: DecompressorLibrary;
  readonly request: DirectionRules;
  readonly response: DirectionRules;
  readonly advertises: boolean;
  readonly requestStats: DirectionStats;
  readonly responseStats: DirectionStats;
  readonly errors: Counter;
  readonly trailerPrefix: string;
  readonly #scope: StatsScope;

  constructor(name: string, config: Decompressor, scope: StatsScope) {
    const extension = config.decompressorLibrary?.name;
    this.name = name;
    this.library = decompressorLibrary(config.decompressorLibrary);
    this.request = rulesOf(config.requestDirectionConfig?.commonConfig);
    this.response = rulesOf(config.responseDirectionConfig?.commonConfig);
    this.advertises = this.response.enabled && (config.requestDirectionConfig?.advertiseAcceptEncoding ?? true);
    this.trailerPrefix = `x-envoy-decompressor-${extension}`.toLowerCase();
    const prefix = `decompressor.${extension}.${this.library.statsName}.`;
    this.requestStats = statsOf(scope, `${prefix}request.`);
    this.responseStats = statsOf(scope, `${prefix}response.`);
    this.errors = scope.counter(`${prefix}decompressor_library.${this.library.errorName}`);
    this.#scope = scope;
  }

  open(): StreamFilter {
    return new DecompressedExchange(this);
  }

  close(): void {
    this.#scope.close();
  }
}

function rulesOf(config: CommonDirection | undefined): DirectionRules {
  return {
    enabled: config?.enabled?.defaultValue ?? true,
    ignoresNoTransform: config?.ignoreNoTransformHeader ?? false,
  };
}

function statsOf(scope: StatsScope, prefix: string): DirectionStats {
  return {
    decompressed: scope.counter(`${prefix}decompressed`),
    notDecompressed: scope.counter(`${prefix}not_decompressed`),
    uncompressedBytes: scope.counter(`${prefix}total_uncompressed_bytes`),
    compressedBytes: scope.counter(`${prefix}total_compressed_bytes`),
  };
}
