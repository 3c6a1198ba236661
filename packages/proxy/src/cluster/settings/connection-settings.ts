// Turns the protocol and timeout fields of a cluster into how its connections behave.
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { unpackAny } from '@meltemi/api';
import type { Http2ProtocolOptions } from '@meltemi/api/envoy/config/core/v3/protocol_pb';
import { durationToMs } from '@meltemi/base';
import { defaultHttp2Limits } from '@meltemi/wire';
import { ClusterConfigError } from './cluster-config-error.ts';

/** Times in milliseconds. */
export interface ConnectionSettings {
  /** as-received: what the client of the request speaks. */
  readonly protocol: 'http1' | 'http2' | 'as-received';
  readonly connectTimeoutMs: number;
  /** 0: none. */
  readonly idleTimeoutMs: number;
  /** From the connect; 0: none. */
  readonly maxDurationMs: number;
  /** 0: no limit. */
  readonly maxRequests: number;
  readonly maxResponseHeaders: number;
  readonly http2: Http2Settings;
}

export interface Http2Settings {
  /** At a time, on one connection; the peer may allow fewer. */
  readonly maxConcurrentStreams: number;
  /** Bytes. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
}

/** Envoy's default. */
const MAX_STREAMS = 1024;

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
    http2: http2Settings(http2Options(cluster, options)),
  };
}

function protocolOptions(cluster: Cluster): HttpProtocolOptions | undefined {
  const any = cluster.typedExtensionProtocolOptions[OPTIONS_NAME];
  if (!any) return undefined;
  const options = unpackAny(any, HttpProtocolOptionsSchema);
  if (!options) throw new ClusterConfigError('UNSUPPORTED_PROTOCOL', `${OPTIONS_NAME} holds ${any.typeUrl}`);
  return options;
}

function http2Options(cluster: Cluster, options: HttpProtocolOptions | undefined): Http2ProtocolOptions | undefined {
  const choice = options?.upstreamProtocolOptions;
  switch (choice?.case) {
    case 'explicitHttpConfig': {
      const { protocolConfig } = choice.value;
      return protocolConfig.case === 'http2ProtocolOptions' ? protocolConfig.value : undefined;
    }
    case 'useDownstreamProtocolConfig':
    case 'autoConfig':
      return choice.value.http2ProtocolOptions;
    case undefined:
      return cluster.http2ProtocolOptions;
  }
}

function http2Settings(options: Http2ProtocolOptions | undefined): Http2Settings {
  return {
    maxConcurrentStreams: options?.maxConcurrentStreams ?? MAX_STREAMS,
    streamWindow: options?.initialStreamWindowSize ?? defaultHttp2Limits.streamWindow,
    connectionWindow: options?.initialConnectionWindowSize ?? defaultHttp2Limits.connectionWindow,
  };
}

/** A cluster that negotiates is served by HTTP/1.1, which it allows. */
function protocolOf(cluster: Cluster, options: HttpProtocolOptions | undefined): ConnectionSettings['protocol'] {
  const choice = options?.upstreamProtocolOptions;
  if (choice?.case === 'explicitHttpConfig') {
    const explicit = choice.value.protocolConfig.case;
    if (explicit === 'http3ProtocolOptions')
      throw new ClusterConfigError('UNSUPPORTED_PROTOCOL', 'HTTP/3 is not supported');
    return explicit === 'http2ProtocolOptions' ? 'http2' : 'http1';
  }
  if (choice?.case === 'useDownstreamProtocolConfig') return 'as-received';
  return choice === undefined && cluster.http2ProtocolOptions ? 'http2' : 'http1';
}
