// Turns the protocol and timeout fields of a cluster into how its connections behave.
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { unpackAny } from '@meltemi/api';
import type {
  Http1ProtocolOptions,
  Http2ProtocolOptions,
  HttpProtocolOptions as CommonOptions,
} from '@meltemi/api/envoy/config/core/v3/protocol_pb';
import { durationToMs } from '@meltemi/base';
import { defaultHttp2Limits, type Http2Limits } from '@meltemi/wire';
import { bufferLimitOf } from '../../codec/buffer-limit.ts';
import { type Http1Options, http1Options, refusedHttp1Option } from '../../codec/http1-options.ts';
import { http2Limits, type PingSettings, pingSettings, refusedHttp2Option } from '../../codec/http2-options.ts';
import { ClusterConfigError } from './cluster-config-error.ts';

/** Times in milliseconds. */
export interface ConnectionSettings {
  /** as-received: what the client of the request speaks. either: what the host chooses by ALPN. */
  readonly protocol: 'http1' | 'http2' | 'as-received' | 'either';
  readonly connectTimeoutMs: number;
  /** 0: none. */
  readonly idleTimeoutMs: number;
  /** From the connect; 0: none. */
  readonly maxDurationMs: number;
  /** Of one request, from its connection on; 0: none. */
  readonly streamDurationMs: number;
  /** 0: no limit. */
  readonly maxRequests: number;
  readonly maxResponseHeaders: number;
  readonly maxResponseHeadBytes: number;
  /** Connections for each active or waiting request: above 1, some are opened ahead. */
  readonly preconnectRatio: number;
  readonly http2: Http2Settings;
  /** Undefined: hosts are not asked for signs of life. */
  readonly ping: PingSettings | undefined;
  readonly http1: Http1Options;
  /** The address that connections come from; undefined: any. */
  readonly sourceAddress: string | undefined;
  /** After so much silence TCP asks whether the peer is still there; 0: never. */
  readonly keepAliveMs: number;
  /** TLS names the server after the request's authority. */
  readonly serverNameByRequest: boolean;
  /** … and accepts only a certificate for that name. */
  readonly certificateByRequest: boolean;
  /** Bytes that may wait for the host before nothing more is read for it. */
  readonly bufferLimit: number;
}

/** Limits of the codec; those that the cluster leaves out are its defaults. */
export interface Http2Settings extends Partial<Http2Limits> {
  /** At a time, on one connection; the peer may allow fewer. */
  readonly maxConcurrentStreams: number;
  /** Bytes. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
}

/** Envoy's default. */
const MAX_STREAMS = 1024;

/** What an upstream's chain of HTTP filters always ends with. */
const CODEC_FILTER = 'envoy.filters.http.upstream_codec';

const OPTIONS_NAME = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export function connectionSettings(cluster: Cluster): ConnectionSettings {
  const options = protocolOptions(cluster);
  const common = options?.commonHttpProtocolOptions ?? cluster.commonHttpProtocolOptions;
  const http1 = http1ProtocolOptions(cluster, options);
  const http2 = http2ProtocolOptions(cluster, options);
  refuse('http_protocol_options', refusedHttp1Option(http1));
  refuse('http2_protocol_options', refusedHttp2Option(http2));
  return {
    protocol: protocolOf(cluster, options),
    connectTimeoutMs: cluster.connectTimeout ? durationToMs(cluster.connectTimeout) : 5000,
    idleTimeoutMs: common?.idleTimeout ? durationToMs(common.idleTimeout) : 3_600_000,
    maxDurationMs: common?.maxConnectionDuration ? durationToMs(common.maxConnectionDuration) : 0,
    streamDurationMs: common?.maxStreamDuration ? durationToMs(common.maxStreamDuration) : 0,
    maxRequests: maxRequestsOf(cluster, common),
    preconnectRatio: preconnectRatioOf(cluster),
    maxResponseHeaders: common?.maxHeadersCount ?? 100,
    maxResponseHeadBytes: (common?.maxResponseHeadersKb ?? 60) * 1024,
    http2: http2Settings(http2),
    ping: pingSettings(http2),
    http1: http1Options(http1),
    sourceAddress: sourceAddressOf(cluster),
    keepAliveMs: keepAliveOf(cluster),
    serverNameByRequest: options?.upstreamHttpProtocolOptions?.autoSni ?? false,
    certificateByRequest: options?.upstreamHttpProtocolOptions?.autoSanValidation ?? false,
    bufferLimit: bufferLimitOf(cluster.perConnectionBufferLimitBytes),
  };
}

function protocolOptions(cluster: Cluster): HttpProtocolOptions | undefined {
  const any = cluster.typedExtensionProtocolOptions[OPTIONS_NAME];
  if (!any) return undefined;
  const options = unpackAny(any, HttpProtocolOptionsSchema);
  if (!options) throw new ClusterConfigError('UNSUPPORTED_PROTOCOL', `${OPTIONS_NAME} holds ${any.typeUrl}`);
  const header = options.upstreamHttpProtocolOptions?.overrideAutoSniHeader;
  if (header) throw new ClusterConfigError('UNSUPPORTED_FIELD', 'override_auto_sni_header is not supported');
  for (const filter of options.httpFilters) {
    if (filter.name === CODEC_FILTER) continue;
    throw new ClusterConfigError('UNSUPPORTED_FIELD', `upstream HTTP filter ${filter.name} is not supported`);
  }
  const { upstreamProtocolOptions: choice } = options;
  if (
    choice.case === 'autoConfig' &&
    (choice.value.http3ProtocolOptions || choice.value.alternateProtocolsCacheOptions)
  ) {
    throw new ClusterConfigError(
      'UNSUPPORTED_PROTOCOL',
      'HTTP/3 and alt-svc (alternate_protocols_cache_options) are not supported',
    );
  }
  return options;
}

/** Any port will do: one that is named could carry a single connection. */
function sourceAddressOf(cluster: Cluster): string | undefined {
  const { upstreamBindConfig: bind } = cluster;
  if (!bind?.sourceAddress) return undefined;
  const { address, portSpecifier } = bind.sourceAddress;
  if (portSpecifier.value) {
    throw new ClusterConfigError('UNSUPPORTED_FIELD', `upstream_bind_config: source port ${portSpecifier.value}`);
  }
  return address === '0.0.0.0' || address === '::' ? undefined : address;
}

function preconnectRatioOf({ preconnectPolicy: policy }: Cluster): number {
  const ratio = policy?.perUpstreamPreconnectRatio ?? 1;
  if ((policy?.predictivePreconnectRatio ?? 1) > 1) {
    throw new ClusterConfigError('UNSUPPORTED_FIELD', 'predictive_preconnect_ratio is not supported');
  }
  if (ratio < 1 || ratio > 3) {
    throw new ClusterConfigError('BAD_VALUE', `per_upstream_preconnect_ratio ${ratio} is not within 1 to 3`);
  }
  return ratio;
}

/** It stands in the one place or in the other. */
function maxRequestsOf(cluster: Cluster, common: CommonOptions | undefined): number {
  const [older, newer] = [cluster.maxRequestsPerConnection, common?.maxRequestsPerConnection];
  if (older !== undefined && newer !== undefined) {
    throw new ClusterConfigError('BAD_VALUE', 'max_requests_per_connection stands in the cluster and in its options');
  }
  return older ?? newer ?? 0;
}

/** Envoy leaves what is not given to the system: two hours. */
function keepAliveOf(cluster: Cluster): number {
  const keepAlive = cluster.upstreamConnectionOptions?.tcpKeepalive;
  return keepAlive ? (keepAlive.keepaliveTime ?? 7200) * 1000 : 0;
}

function refuse(place: string, field: string | undefined): void {
  if (field !== undefined) throw new ClusterConfigError('UNSUPPORTED_FIELD', `${place}: ${field} is not supported`);
}

function http1ProtocolOptions(
  cluster: Cluster,
  options: HttpProtocolOptions | undefined,
): Http1ProtocolOptions | undefined {
  const choice = options?.upstreamProtocolOptions;
  switch (choice?.case) {
    case 'explicitHttpConfig': {
      const { protocolConfig } = choice.value;
      return protocolConfig.case === 'httpProtocolOptions' ? protocolConfig.value : undefined;
    }
    case 'useDownstreamProtocolConfig':
    case 'autoConfig':
      return choice.value.httpProtocolOptions;
    case undefined:
      return cluster.httpProtocolOptions;
  }
}

function http2ProtocolOptions(
  cluster: Cluster,
  options: HttpProtocolOptions | undefined,
): Http2ProtocolOptions | undefined {
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
    ...http2Limits(options),
    maxConcurrentStreams: options?.maxConcurrentStreams ?? MAX_STREAMS,
    streamWindow: options?.initialStreamWindowSize ?? defaultHttp2Limits.streamWindow,
    connectionWindow: options?.initialConnectionWindowSize ?? defaultHttp2Limits.connectionWindow,
  };
}

function protocolOf(cluster: Cluster, options: HttpProtocolOptions | undefined): ConnectionSettings['protocol'] {
  const choice = options?.upstreamProtocolOptions;
  if (choice?.case === 'explicitHttpConfig') {
    const explicit = choice.value.protocolConfig.case;
    if (explicit === 'http3ProtocolOptions')
      throw new ClusterConfigError('UNSUPPORTED_PROTOCOL', 'HTTP/3 is not supported');
    return explicit === 'http2ProtocolOptions' ? 'http2' : 'http1';
  }
  if (choice?.case === 'useDownstreamProtocolConfig') return 'as-received';
  if (choice?.case === 'autoConfig') return 'either';
  return choice === undefined && cluster.http2ProtocolOptions ? 'http2' : 'http1';
}
