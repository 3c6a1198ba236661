// Turns an HttpConnectionManager into plain settings with Envoy's defaults; times in milliseconds, 0 for none.
import { BlockList, isIPv6 } from 'node:net';
import { durationToMs } from '@meltemi/base';
import type { PathOptions } from '@meltemi/decide';
import {
  type HttpConnectionManager,
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_ForwardClientCertDetails as ForwardDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction as SlashesAction,
  HttpConnectionManager_ServerHeaderTransformation as ServerTransformation,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { Http2Limits } from '@meltemi/wire';
import { type Http1Options, http1Options, refusedHttp1Option } from '../codec/http1-options.ts';
import { http2Limits, type PingSettings, pingSettings, refusedHttp2Option } from '../codec/http2-options.ts';
import type { LogMoments } from '../accesslog/log-moments.ts';
import { FilterConfigError } from './http-config-error.ts';
import { refuseManagerFields } from './manager-fields.ts';

export interface HttpSettings {
  readonly statPrefix: string;
  /** auto: as ALPN or the first bytes say. */
  readonly codec: 'auto' | 'http1' | 'http2';
  readonly path: PathOptions;
  readonly host: { readonly stripPort: 'none' | 'matching' | 'any'; readonly stripTrailingDot: boolean };
  readonly requestId: { readonly generate: boolean; readonly preserveExternal: boolean; readonly inResponse: boolean };
  readonly edge: EdgeSettings;
  readonly server: { readonly name: string; readonly header: 'overwrite' | 'append-if-absent' | 'pass-through' };
  readonly clientCert: ClientCertSettings;
  /** Lower-case upgrade types that are allowed where the route doesn't say. */
  readonly upgrades: ReadonlySet<string>;
  readonly timeouts: HttpTimeouts;
  /** What the listener says of HTTP/2; the rest is the codec's default. */
  readonly http2: Partial<Http2Limits>;
  /** Undefined: clients are not asked for signs of life. */
  readonly ping: PingSettings | undefined;
  readonly http1: Http1Options;
  readonly limits: { readonly maxHeadBytes: number; readonly maxHeaders: number };
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  readonly proxy100Continue: boolean;
  readonly logMoments: LogMoments;
  readonly underscores: 'allow' | 'reject' | 'drop';
}

export interface EdgeSettings {
  readonly useRemoteAddress: boolean;
  readonly trustedHops: number;
  readonly skipXffAppend: boolean;
  /** The port that a client came to goes on as `x-forwarded-port`. */
  readonly appendPort: boolean;
  /** Addresses whose `x-envoy-*` headers count; none by default. */
  readonly isInternal: (ip: string) => boolean;
  readonly via: string;
}

export interface ClientCertSettings {
  readonly mode: 'sanitize' | 'forward-only' | 'append-forward' | 'sanitize-set' | 'always-forward-only';
  readonly subject: boolean;
  readonly cert: boolean;
  readonly dns: boolean;
  readonly uri: boolean;
}

export interface HttpTimeouts {
  readonly connectionIdleMs: number;
  readonly connectionDurationMs: number;
  readonly streamIdleMs: number;
  /** A stream's whole life, where its route says nothing. */
  readonly streamDurationMs: number;
  readonly requestMs: number;
  readonly requestHeadersMs: number;
  /** How long the rest of a refused request is read and thrown away before the connection closes. */
  readonly delayedCloseMs: number;
}

/** Throws FilterConfigError for what can't be honoured. */
export function httpSettings(manager: HttpConnectionManager): HttpSettings {
  refuseManagerFields(manager);
  refuseCodecOptions(manager);
  const { commonHttpProtocolOptions: common, http2ProtocolOptions } = manager;
  return {
    statPrefix: manager.statPrefix,
    codec: codec(manager),
    path: pathOptions(manager),
    host: { stripPort: stripPort(manager), stripTrailingDot: manager.stripTrailingHostDot },
    requestId: {
      generate: manager.generateRequestId ?? true,
      preserveExternal: manager.preserveExternalRequestId,
      inResponse: manager.alwaysSetRequestIdInResponse,
    },
    edge: edgeSettings(manager),
    server: { name: manager.serverName || 'envoy', header: SERVER_HEADER[manager.serverHeaderTransformation] },
    clientCert: clientCert(manager),
    upgrades: new Set(
      manager.upgradeConfigs
        .filter((upgrade) => upgrade.enabled ?? true)
        .map((upgrade) => upgrade.upgradeType.toLowerCase()),
    ),
    timeouts: timeouts(manager),
    limits: { maxHeadBytes: (manager.maxRequestHeadersKb ?? 60) * 1024, maxHeaders: common?.maxHeadersCount ?? 100 },
    http2: http2Limits(http2ProtocolOptions),
    ping: pingSettings(http2ProtocolOptions),
    http1: http1Options(manager.httpProtocolOptions),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    proxy100Continue: manager.proxy100Continue,
    logMoments: logMoments(manager),
    underscores: (['allow', 'reject', 'drop'] as const)[common?.headersWithUnderscoresAction ?? 0] ?? 'allow',
  };
}

/** The fields beside `access_log_options` are the older names of its own. */
function logMoments(manager: HttpConnectionManager): LogMoments {
  const { accessLogOptions: options, accessLogFlushInterval, flushAccessLogOnNewRequest } = manager;
  const interval = options?.accessLogFlushInterval ?? accessLogFlushInterval;
  return {
    onNewRequest: options?.flushAccessLogOnNewRequest ?? flushAccessLogOnNewRequest,
    onTunnel: options?.flushLogOnTunnelSuccessfullyEstablished ?? false,
    intervalMs: interval ? durationToMs(interval) : 0,
  };
}

function codec(manager: HttpConnectionManager): HttpSettings['codec'] {
  switch (manager.codecType) {
    case CodecType.AUTO:
      return 'auto';
    case CodecType.HTTP1:
      return 'http1';
    case CodecType.HTTP2:
      return 'http2';
    default:
      throw new FilterConfigError('UNSUPPORTED_FIELD', `codec ${CodecType[manager.codecType]} is not supported`);
  }
}

function refuseCodecOptions(manager: HttpConnectionManager): void {
  const http1 = refusedHttp1Option(manager.httpProtocolOptions);
  if (http1 !== undefined)
    throw new FilterConfigError('UNSUPPORTED_FIELD', `http_protocol_options: ${http1} is not supported`);
  const http2 = refusedHttp2Option(manager.http2ProtocolOptions);
  if (http2 !== undefined)
    throw new FilterConfigError('UNSUPPORTED_FIELD', `http2_protocol_options: ${http2} is not supported`);
}

const SERVER_HEADER = {
  [ServerTransformation.OVERWRITE]: 'overwrite',
  [ServerTransformation.APPEND_IF_ABSENT]: 'append-if-absent',
  [ServerTransformation.PASS_THROUGH]: 'pass-through',
} as const;

const CLIENT_CERT_MODE = {
  [ForwardDetails.SANITIZE]: 'sanitize',
  [ForwardDetails.FORWARD_ONLY]: 'forward-only',
  [ForwardDetails.APPEND_FORWARD]: 'append-forward',
  [ForwardDetails.SANITIZE_SET]: 'sanitize-set',
  [ForwardDetails.ALWAYS_FORWARD_ONLY]: 'always-forward-only',
} as const;

const ESCAPED_SLASHES = {
  [SlashesAction.IMPLEMENTATION_SPECIFIC_DEFAULT]: 'keep',
  [SlashesAction.KEEP_UNCHANGED]: 'keep',
  [SlashesAction.REJECT_REQUEST]: 'reject',
  [SlashesAction.UNESCAPE_AND_REDIRECT]: 'unescape-and-redirect',
  [SlashesAction.UNESCAPE_AND_FORWARD]: 'unescape-and-forward',
} as const;

function pathOptions(manager: HttpConnectionManager): PathOptions {
  return {
    normalizePath: manager.normalizePath ?? false,
    mergeSlashes: manager.mergeSlashes,
    escapedSlashes: ESCAPED_SLASHES[manager.pathWithEscapedSlashesAction],
  };
}

function stripPort(manager: HttpConnectionManager): 'none' | 'matching' | 'any' {
  if (manager.stripPortMode.case === 'stripAnyHostPort' && manager.stripPortMode.value) return 'any';
  return manager.stripMatchingHostPort ? 'matching' : 'none';
}

function edgeSettings(manager: HttpConnectionManager): EdgeSettings {
  const internal = new BlockList();
  for (const range of manager.internalAddressConfig?.cidrRanges ?? []) {
    internal.addSubnet(range.addressPrefix, range.prefixLen ?? 0, isIPv6(range.addressPrefix) ? 'ipv6' : 'ipv4');
  }
  return {
    useRemoteAddress: manager.useRemoteAddress ?? false,
    trustedHops: manager.xffNumTrustedHops,
    skipXffAppend: manager.skipXffAppend,
    appendPort: manager.appendXForwardedPort,
    isInternal: internal.rules.length === 0 ? () => false : (ip) => internal.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4'),
    via: manager.via,
  };
}

function clientCert(manager: HttpConnectionManager): ClientCertSettings {
  const details = manager.setCurrentClientCertDetails;
  return {
    mode: CLIENT_CERT_MODE[manager.forwardClientCertDetails],
    subject: details?.subject ?? false,
    cert: details?.cert ?? false,
    dns: details?.dns ?? false,
    uri: details?.uri ?? false,
  };
}

function timeouts(manager: HttpConnectionManager): HttpTimeouts {
  const common = manager.commonHttpProtocolOptions;
  const ms = (duration: Parameters<typeof durationToMs>[0] | undefined, fallback: number) =>
    duration ? durationToMs(duration) : fallback;
  return {
    connectionIdleMs: ms(common?.idleTimeout, 3_600_000),
    connectionDurationMs: ms(common?.maxConnectionDuration, 0),
    streamIdleMs: ms(manager.streamIdleTimeout, 300_000),
    streamDurationMs: ms(common?.maxStreamDuration, 0),
    requestMs: ms(manager.requestTimeout, 0),
    requestHeadersMs: ms(manager.requestHeadersTimeout, 0),
    delayedCloseMs: ms(manager.delayedCloseTimeout, 1_000),
  };
}
