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
  readonly downstreamPeerUriSan: string | undefined;
  readonly downstreamPeerSubject: string | undefined;
  readonly downstreamTlsVersion: string | undefined;
  /** Dynamic metadata by filter namespace. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}
