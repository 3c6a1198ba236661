// Compresses responses as clients accept it, and requests where that is wanted.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/compressor_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  type Compressor,
  CompressorPerRouteSchema,
  CompressorSchema,
} from '@meltemi/api/envoy/extensions/filters/http/compressor/v3/compressor_pb';
import type { StatsScope } from '@meltemi/telemetry';
import type { HttpFilterType } from '../filter-type.ts';
import type { FilteredStream, HttpFilter, StreamFilter } from '../http-filter.ts';
import { readMessage } from '../read-message.ts';
import { CompressedExchange } from './compressed-exchange.ts';
import type { CompressingFilter } from './compressing-filter.ts';
import type { Compression } from './compression.ts';
import { compressorLibrary } from './compressor-library.ts';
import {
  type DirectionRules,
  requestRules,
  type ResponseRules,
  responseRules,
  type RouteRules,
  routeRules,
} from './compressor-rules.ts';
import { type ChoiceStats, choiceStats, type DirectionStats, directionStats } from './compressor-stats.ts';
import { encodingsOf } from './stream-encodings.ts';

export const COMPRESSOR_FILTER: HttpFilterType = {
  typeName: CompressorSchema.typeName,
  compile: (name, config, { stats, statPrefix }) =>
    new CompressorFilter(
      name,
      fromBinary(CompressorSchema, config),
      stats.scope('http', { http_conn_manager_prefix: statPrefix }),
    ),
  readRouteConfig: (config) => routeRules(readMessage(config, CompressorPerRouteSchema)),
};

class CompressorFilter implements HttpFilter, CompressingFilter {
  readonly name: string;
  readonly library: Compression;
  readonly chooseFirst: boolean;
  readonly request: DirectionRules;
  readonly response: ResponseRules;
  readonly requestStats: DirectionStats;
  readonly responseStats: DirectionStats;
  readonly choiceStats: ChoiceStats;
  readonly #scope: StatsScope;

  constructor(name: string, config: Compressor, scope: StatsScope) {
    this.name = name;
    this.library = compressorLibrary(config.compressorLibrary);
    this.chooseFirst = config.chooseFirst;
    this.request = requestRules(config);
    this.response = responseRules(config);
    this.#scope = scope;
    const prefix = `compressor.${config.compressorLibrary?.name}.${this.library.statsName}.`;
    this.requestStats = directionStats(scope, `${prefix}request.`);
    this.responseStats = directionStats(scope, config.responseDirectionConfig ? `${prefix}response.` : prefix);
    this.choiceStats = choiceStats(scope, prefix);
  }

  open({ entry }: FilteredStream): StreamFilter {
    const exchange = new CompressedExchange(this);
    encodingsOf(entry).compressors.push(exchange);
    return exchange;
  }

  close(): void {
    this.#scope.close();
  }

  routeRules(stream: FilteredStream): RouteRules | undefined {
    return stream.routeConfigs(this.name)[0]?.config as RouteRules | undefined;
  }
}
