// Lets gRPC-Web clients talk to gRPC upstreams.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/grpc_web_filter
import { fromBinary } from '@bufbuild/protobuf';
import { GrpcWebSchema } from '@meltemi/api/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb';
import type { StatsStore } from '@meltemi/telemetry';
import type { HttpFilterType } from '../filter-type.ts';
import type { FilteredStream, HttpFilter, StreamFilter } from '../http-filter.ts';
import { GrpcWebCall } from './grpc-web-call.ts';
import { GrpcWebStats } from './grpc-web-stats.ts';
import { isGrpcWeb } from './grpc-web-types.ts';

export const GRPC_WEB_FILTER: HttpFilterType = {
  typeName: GrpcWebSchema.typeName,
  compile(name, config, { stats }) {
    fromBinary(GrpcWebSchema, config);
    return new GrpcWebFilter(name, stats);
  },
};

class GrpcWebFilter implements HttpFilter {
  readonly name: string;
  readonly #stats: GrpcWebStats;

  constructor(name: string, stats: StatsStore) {
    this.name = name;
    this.#stats = new GrpcWebStats(stats);
  }

  open({ head }: FilteredStream): StreamFilter | undefined {
    return isGrpcWeb(head.headers) ? new GrpcWebCall(this.#stats) : undefined;
  }

  close(): void {
    this.#stats.close();
  }
}
