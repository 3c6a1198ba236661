// Turns the protocol and timeout fields of a cluster into how its connections behave.
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { unpackAny } from '@meltemi/api';
import { durationToMs } from '@meltemi/base';
import { ClusterConfigError } from './cluster-config-error.ts';

/** Times in milliseconds. */
export interface ConnectionSettings {
  readonly protocol: 'http1' | 'http2';
  readonly connectTimeoutMs: number;
  /** 0: none. */
  readonly idleTimeoutMs: number;
  /** From the connect; 0: none. */
  readonly maxDurationMs: number;
  /** 0: no limit. */
  readonly maxRequests: number;
  readonly maxResponseHeaders: number;
}

const OPTIONS_NAME = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export function connectionSettings(cluster: Cluster): ConnectionSettings {
  const options = protocolOptions(cluster);
  const common = options?.commonHttpProtocolOptions ?? cluster.commonHttpProtocolOptions;
  return {
    protocol: protocolOf(cluster, options),
    connectTimeoutMs: cluster.connectTimeout ? durationToMs(cluster.connectTimeout) : 5000,
    idleTimeoutMs: common?.idleTimeout ? durationToMs(common.idleTimeout) : 3_600_000,
    maxDurationMs: common?.maxConnectionDuration ? durationToMs(common.maxConnectionDuration) : 0,
    maxRequests: common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0,
    maxResponseHeaders: common?.maxHeadersCount ?? 100,
  };
}

function protocolOptions(cluster: Cluster): HttpProtocolOptions | undefined {
  const any = cluster.typedExtensionProtocolOptions[OPTIONS_NAME];
  if (!any) return undefined;
  const options = unpackAny(any, HttpProtocolOptionsSchema);
  if (!options) throw new ClusterConfigError('UNSUPPORTED_PROTOCOL', `${OPTIONS_NAME} holds ${any.typeUrl}`);
  return options;
}

/** A cluster that follows the downstream's protocol or negotiates is served by HTTP/1.1, which both allow. */
function protocolOf(cluster: Cluster, options: HttpProtocolOptions | undefined): 'http1' | 'http2' {
  const choice = options?.upstreamProtocolOptions;
  if (choice?.case === 'explicitHttpConfig') {
    const explicit = choice.value.protocolConfig.case;
    if (explicit === 'http3ProtocolOptions')
      throw new ClusterConfigError('UNSUPPORTED_PROTOCOL', 'HTTP/3 is not supported');
    return explicit === 'http2ProtocolOptions' ? 'http2' : 'http1';
  }
  return choice === undefined && cluster.http2ProtocolOptions ? 'http2' : 'http1';
}
