// Says which protocols the TLS connection that will carry a request offers, by the protocol that its cluster speaks.
import { fromBinary } from '@bufbuild/protobuf';
import {
  type FilterConfig,
  FilterConfig_Protocol as Protocol,
  FilterConfigSchema,
} from '@meltemi/api/istio/envoy/config/filter/http/alpn/v2alpha1/config_pb';
import type { OfferedProtocols } from '../cluster/cluster.ts';
import type { HttpFilterType } from '../http/filter/filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from '../http/filter/http-filter.ts';

/** Istio's `istio.alpn`. */
export const ALPN_FILTER: HttpFilterType = {
  typeName: FilterConfigSchema.typeName,
  compile: (name, config) => new AlpnFilter(name, fromBinary(FilterConfigSchema, config)),
};

class AlpnFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #offered: OfferedProtocols;

  constructor(name: string, { alpnOverride }: FilterConfig) {
    this.name = name;
    const offered = (protocol: Protocol) =>
      alpnOverride.find(({ upstreamProtocol }) => upstreamProtocol === protocol)?.alpnOverride;
    this.#offered = { http1: offered(Protocol.HTTP11), http2: offered(Protocol.HTTP2) };
  }

  open(): StreamFilter {
    return this;
  }

  onRequest(stream: FilteredStream): FilterStep {
    stream.offered = this.#offered;
    return 'next';
  }
}
