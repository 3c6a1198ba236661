// What an access log can say of one request or connection. The stream itself may be the entry: nothing is copied to write a line.

/** Looks a header up by its lower-case name; several of a name come joined by commas. */
export interface HeaderLookup {
  get(name: string): string | undefined;
}

/** Undefined or an empty text: not known, written as `-`. Addresses are `ip:port`. Times in milliseconds. */
export interface AccessLogEntry {
  /** Since the epoch. */
  readonly startTimeMs: number;
  /** `HTTP/1.1`, `HTTP/2`; undefined for plain TCP. */
  readonly protocol: string | undefined;
  readonly method: string | undefined;
  /** As it is sent upstream; the client's own path is in `x-envoy-original-path` when it was rewritten. */
  readonly path: string | undefined;
  readonly authority: string | undefined;
  readonly scheme: string | undefined;
  readonly requestHeaders: HeaderLookup | undefined;
  readonly responseHeaders: HeaderLookup | undefined;
  readonly responseTrailers: HeaderLookup | undefined;
  /** 0 when none was sent. */
  readonly responseCode: number;
  /** `via_upstream`, `route_not_found` … */
  readonly responseCodeDetails: string | undefined;
  /** Envoy's short flags, joined by commas: `UF,URX`. */
  readonly responseFlags: string | undefined;
  /** Bytes of bodies. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly durationMs: number;
  /** From the start to the last byte of the request received. */
  readonly requestDurationMs: number | undefined;
  /** From the start to the first byte of the response from the upstream. */
  readonly responseDurationMs: number | undefined;
  readonly upstreamHost: string | undefined;
  /** As its `alt_stat_name` says, where it has one. */
  readonly upstreamCluster: string | undefined;
  readonly upstreamLocalAddress: string | undefined;
  readonly upstreamTransportFailureReason: string | undefined;
  readonly upstreamRequestAttemptCount: number;
  readonly downstreamLocalAddress: string | undefined;
  /** Of the client, as `x-forwarded-for` or the PROXY protocol say where those are trusted. */
  readonly downstreamRemoteAddress: string | undefined;
  /** Of the peer of the connection. */
  readonly downstreamDirectRemoteAddress: string | undefined;
  readonly connectionTerminationDetails: string | undefined;
  readonly requestedServerName: string | undefined;
  readonly routeName: string | undefined;
  readonly filterChainName: string | undefined;
  /** Dynamic metadata by filter namespace. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;

  /** What is absent from here on is not known to the entry's owner, and written as such. */
  readonly logType?: AccessLogType | undefined;
  /** What filters left for others, by key. */
  readonly filterState?: ReadonlyMap<string, unknown> | undefined;
  /** Metadata of what the request met, by filter namespace. */
  metadataOf?(kind: MetadataKind): Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds from the start. */
  timePointMs?(point: TimePoint): number | undefined;
  readonly upstreamProtocol?: string | undefined;
  /** DNS name of the upstream host. */
  readonly upstreamHostName?: string | undefined;
  /** `ip:port` of every host that there was a connection to, in order, each once. */
  readonly upstreamHostsAttempted?: readonly string[] | undefined;
  /** The cluster's name where `alt_stat_name` hides it. */
  readonly upstreamClusterRaw?: string | undefined;
  readonly upstreamConnectionId?: number | undefined;
  readonly upstreamTls?: TlsFacts | undefined;
  readonly downstreamTls?: TlsFacts | undefined;
  /** Where the connection was accepted, whatever a redirection or the PROXY protocol say. */
  readonly downstreamDirectLocalAddress?: string | undefined;
  readonly connectionId?: number | undefined;
  readonly streamId?: string | undefined;
  readonly virtualClusterName?: string | undefined;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  /** The tracer chose this request, whether or not there is a provider. */
  readonly traced?: boolean | undefined;
  /** A health check that a filter answered. */
  readonly healthCheck?: boolean | undefined;
  readonly localReplyBody?: string | undefined;
  /** Names and values of header fields, summed up. */
  readonly requestHeadersBytes?: number | undefined;
  readonly responseHeadersBytes?: number | undefined;
  readonly responseTrailersBytes?: number | undefined;
}

/** When a record is written. https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/accesslog/v3/accesslog.proto#enum-data-accesslog-v3-accesslogtype */
export type AccessLogType =
  | 'TcpUpstreamConnected'
  | 'TcpPeriodic'
  | 'TcpConnectionEnd'
  | 'DownstreamStart'
  | 'DownstreamPeriodic'
  | 'DownstreamEnd'
  | 'DownstreamTunnelSuccessfullyEstablished';

export type MetadataKind = 'cluster' | 'upstream-host';

/** As Envoy's `COMMON_DURATION` names them: downstream or upstream, connection, handshake, received or sent, begin or end. */
export const TIME_POINTS = [
  'DS_RX_BEG',
  'DS_RX_END',
  'US_CX_BEG',
  'US_CX_END',
  'US_HS_END',
  'US_TX_BEG',
  'US_TX_END',
  'US_RX_BEG',
  'US_RX_BODY_BEG',
  'US_RX_END',
  'DS_TX_BEG',
  'DS_TX_END',
  'DS_CX_BEG',
  'DS_CX_END',
] as const;
export type TimePoint = (typeof TIME_POINTS)[number];

/** What a handshake settled. */
export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  /** OpenSSL's name. */
  readonly cipher: string;
  readonly serverName: string | undefined;
  readonly peer: CertificateFacts | undefined;
  /** URI names of our own certificate. */
  readonly localUris: readonly string[];
}

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** RFC 2253: the most specific part first. */
  readonly subject: string;
  readonly issuer: string;
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  /** Lower-case hex. */
  readonly serial: string;
  readonly sha256: string;
  readonly sha1: string;
  /** Milliseconds since the epoch. */
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly pem: string;
}
