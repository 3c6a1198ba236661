// What the HTTP and TCP sides see of upstreams: clusters by name, their hosts, and exchanges with a host.
import type { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Hash64, SocketAddress } from '@meltemi/base';
import type { Headers, ProxyEnds, ResponseHead, TlsInfo } from '@meltemi/wire';
import type { TriedPriorities } from './balance/tried-priorities.ts';
import type { ClusterStats } from './cluster-stats.ts';

/** All clusters that can be routed to. */
export interface Clusters {
  /** The active cluster; a cluster that still warms is not there, and its older version serves. */
  get(name: string): Cluster | undefined;
  names(): Iterable<string>;
  /** There is such a cluster, active or warming. */
  has(name: string): boolean;
  /** What the admin pages show: active and warming clusters. */
  snapshot(): readonly ClusterSnapshot[];
}

/** Why we end an exchange: all but the first are the host's fault. */
export type GiveUpCause = 'cancelled' | 'timeout' | 'per-try-timeout' | 'per-try-idle-timeout';

/** A logical destination: endpoints, a balancer, limits. Keeps its identity across configuration updates. */
export interface Cluster {
  readonly name: string;
  /** By which logs and stats know it. */
  readonly shownName: string;
  /** All its metadata, by who it is for. */
  readonly metadata: Readonly<Record<string, JsonObject>>;
  readonly stats: ClusterStats;
  /** By this ALPN protocol a TCP upstream agrees to Istio's metadata exchange; undefined: none does. */
  readonly peerExchange: string | undefined;
  readonly connectTimeoutMs: number;
  /** How long a request may take from its connection on; 0: no limit. */
  readonly streamDurationMs: number;
  /** Chooses a host: balancer, health, panic; a host in `tried` only when no other was found. Undefined: no healthy upstream (UH). */
  pick(context: PickContext): UpstreamHost | undefined;
  /**
   * Opens an exchange on a pooled or a new connection. Never throws: failure comes by `handler.onReset`, after
   * this call returned. Undefined: a circuit breaker is open (UO), counted, and the handler is never called.
   * `fresh`: never on a pooled connection, and those that the host has idle are given up: one was found closed.
   */
  open(
    host: UpstreamHost,
    handler: UpstreamHandler,
    priority?: Priority,
    fresh?: boolean,
  ): UpstreamExchange | undefined;
  /**
   * Opens a connection of its own, for bytes as they are. Never throws: failure comes by `handler.onClose`, after this
   * call returned. Undefined: the limit of connections is reached (UO), counted, and the handler is never called.
   */
  connectTcp(host: UpstreamHost, handler: UpstreamTcpHandler, priority?: Priority): UpstreamTcp | undefined;
  /** Takes a place under `max_retries`; false: none is left, counted as overflow. Give it back with `releaseRetry`. */
  acquireRetry(priority?: Priority): boolean;
  releaseRetry(priority?: Priority): void;
}

/** Which thresholds of the circuit breakers count. */
export type Priority = 'default' | 'high';

/** What a request has to say about where it goes. */
export interface PickContext {
  /** From the route's hash policy; undefined: hash balancers choose at random. */
  readonly hash: Hash64 | undefined;
  readonly tried: readonly UpstreamHost[];
  /** Priorities that another try leaves out; undefined: none. */
  readonly triedPriorities?: TriedPriorities | undefined;
  /** `metadata_match` of the route under `envoy.lb`: which subset of the endpoints. */
  readonly subset?: Readonly<Record<string, unknown>> | undefined;
  /** Where the connection was going before it was taken here; clusters of type ORIGINAL_DST go there. */
  readonly originalDestination?: SocketAddress | undefined;
  /** Of the request, for clusters that take their destination from a header. */
  readonly requestHeaders?: { getAll(name: string): readonly string[] } | undefined;
  /** `ip:port` of the host that the request's session is bound to. */
  readonly overrideHost?: string | undefined;
  /** No other host than `overrideHost` will do. */
  readonly overrideStrict?: boolean | undefined;
}

/** An endpoint of a cluster. */
export interface UpstreamHost {
  readonly address: SocketAddress;
  /** `ip:port`, for logs. */
  readonly text: string;
  /** The DNS name it was found by, for `auto_host_rewrite`; empty when none. */
  readonly hostname: string;
  readonly cluster: Cluster;
  /** All its metadata, by who it is for. */
  readonly metadata: Readonly<Record<string, JsonObject>>;
  /** URI names of our own certificate on connections to it; empty for plaintext. */
  readonly localUris: readonly string[];
  /** Of its locality: 0 is the most preferred. */
  readonly priority: number;
  /** Its metadata under `envoy.lb`. */
  readonly labels?: Readonly<Record<string, unknown>> | undefined;
}

/** A request as it goes to the upstream. The exchange reads it during `sendHead` only. */
export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  /** With `host`, without hop-by-hop fields; `content-length` and `transfer-encoding` are set here, by `bodyLength`. */
  readonly headers: Headers;
  /** Bytes, or wire's CHUNKED. */
  readonly bodyLength: number;
  /** The headers carry `connection: upgrade`: after a 101 the bodies are the tunnel's bytes, both ways. */
  readonly upgrade: boolean;
}

/**
 * One request and its response. Ends with `onEnd` or `onReset`, or by `reset()`; calls after that do nothing.
 * A connection whose response ended before the request did is closed.
 */
export interface UpstreamExchange {
  readonly host: UpstreamHost;
  /** The connection had served before: when nothing was received, a retry on a fresh one is safe. */
  readonly reused: boolean;
  /** A request of HTTP/1.1 that shares its connection: a stream that is refused was our doing, not the client's. */
  readonly multiplexed?: boolean;
  /** Written at once or when connected. */
  sendHead(request: UpstreamRequest): void;
  /** False: wait for `onDrain`. The chunk is read during the call only. */
  sendBody(chunk: Buffer): boolean;
  end(trailers?: Headers): void;
  /** Gives up; the handler hears nothing more. A timeout counts against the host and the cluster's `upstream_rq_timeout`. */
  reset(cause?: GiveUpCause): void;
  pauseReading(): void;
  resumeReading(): void;
}

/** ALPN names for connections of either protocol, the preferred first; undefined: what the cluster's TLS settings say. */
export interface OfferedProtocols {
  readonly http1: readonly string[] | undefined;
  readonly http2: readonly string[] | undefined;
}

/** What logs say of a connection to an upstream. Times: the clock's monotonic milliseconds. */
export interface ConnectionFacts {
  /** Of this worker alone, from 1. */
  readonly id: number;
  /** Undefined: bytes as they are. */
  readonly protocol: 'HTTP/1.1' | 'HTTP/2' | undefined;
  readonly startedMs: number;
  /** By TCP. */
  readonly connectedMs: number;
  /** Ready for requests: with TLS, its handshake is done. */
  readonly readyMs: number;
}

export interface UpstreamHandler {
  /** What its TLS connection offers by ALPN in the place of what the cluster says. */
  readonly offered?: OfferedProtocols | undefined;
  /** The request asks to leave HTTP: it needs a connection of its own. */
  readonly switches?: boolean;
  /** The names of its fields are spelled as only HTTP/1.1 can say. */
  readonly spelled?: boolean;
  /** The request came by HTTP/2: a cluster that speaks what its client speaks goes by it. */
  readonly http2?: boolean;
  /** Host and port that the request asks for: a cluster may name the TLS server after it. */
  readonly authority?: string | undefined;
  /** The client's connection, for upstreams that are told of it by PROXY protocol. */
  readonly clientEnds?: ProxyEnds | undefined;
  /** The connection is there; before anything else, within `sendHead` or later. `tls` is undefined for plaintext. */
  onConnected(tls: TlsInfo | undefined, localAddress: SocketAddress, facts: ConnectionFacts): void;
  onInformational?(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** The chunk is valid during the call only. */
  onBody(chunk: Buffer): void;
  /** After the parts of a response that came in one read, unless it ended with them: nothing more is here for now. */
  onPause(): void;
  onEnd(trailers: Headers | undefined): void;
  onReset(reason: ResetReason, detail: string): void;
  onDrain(): void;
}

/** A connection that carries bytes as they are. Ends with the handler's `onClose`, or by `close()`. */
export interface UpstreamTcp {
  readonly host: UpstreamHost;
  /** Of a connection that is there. */
  readonly localAddress: SocketAddress;
  /** Of a connection that is there; undefined: plaintext. */
  readonly tls: TlsInfo | undefined;
  readonly facts: ConnectionFacts;
  /** False: wait for `onDrain`. The chunk is read during the call only. Not before `onConnected`. */
  write(chunk: Buffer): boolean;
  /** Sends FIN after what was written; reading goes on. */
  end(): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Closes now, with a TCP reset where one is to be handed on; the handler hears nothing more. */
  close(how?: 'reset'): void;
}

export interface UpstreamTcpHandler {
  /** The client's connection, for upstreams that are told of it by PROXY protocol. */
  readonly clientEnds?: ProxyEnds | undefined;
  onConnected(): void;
  /** The chunk is valid during the call only. */
  onData(chunk: Buffer): void;
  /** The upstream sends no more; writing goes on. */
  onEnd(): void;
  onDrain(): void;
  /** The connection is gone, once. */
  onClose(reason: UpstreamTcpEnd): void;
}

/** ended: both sides had sent FIN. reset: by the upstream. lost: anything else that cut it. */
export type UpstreamTcpEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'connect-failed' | 'reset' | 'lost'; readonly detail: string };

export type ResetReason =
  | 'connect-failure'
  | 'connect-timeout'
  | 'tls-failure'
  /** The peer closed before the response was complete. */
  | 'connection-termination'
  /** The peer reset the stream (HTTP/2); with HTTP/1.1 a reset ends the connection. */
  | 'reset'
  /** The peer reset the stream or went away before it looked at the request (HTTP/2): it may be sent again. */
  | 'refused'
  | 'protocol-error'
  /** A limit was hit while the request waited for a connection. */
  | 'overflow';

/** A cluster for `/clusters` and `/config_dump`. */
export interface ClusterSnapshot {
  readonly name: string;
  readonly state: 'active' | 'warming';
  readonly addedViaApi: boolean;
  /** The name that endpoints are asked for by; undefined: they aren't discovered. */
  readonly edsServiceName?: string | undefined;
  readonly version: string;
  readonly lastUpdatedMs: number;
  readonly hosts: readonly HostSnapshot[];
  readonly limits: Readonly<Record<Priority, CircuitLimits>>;
  /** Undefined: outliers are not watched. */
  readonly outlierRates?: OutlierRates | undefined;
}

/** Success rates of the last interval, and below which a host is an outlier: percent, or -1 where too few hosts had traffic. */
export interface OutlierRates {
  readonly average: number;
  readonly threshold: number;
  readonly localAverage: number;
  readonly localThreshold: number;
}

/** Thresholds of a circuit breaker. https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking */
export interface CircuitLimits {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  /** In the place of `maxRetries`: a share of the requests of now. */
  readonly retryBudget?: RetryBudget | undefined;
  /** Gauges show how much is left. */
  readonly tracksRemaining?: boolean;
}

export interface RetryBudget {
  /** Of active and waiting requests. */
  readonly percent: number;
  /** So many are always allowed. */
  readonly minimum: number;
}

export interface HostSnapshot {
  readonly address: string;
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  /** As the endpoint discovery says. */
  readonly health: HostHealth;
  readonly status: HealthStatus;
  readonly canary: boolean;
  /** By outlier detection. */
  readonly ejected: boolean;
  /** What active health checks found. */
  readonly checks: HostChecks;
  /** Percent; -1: not enough requests. */
  readonly successRate: number;
  readonly localSuccessRate: number;
  readonly connectionsTotal: number;
  readonly connectionsActive: number;
  readonly connectFailures: number;
  readonly requestsTotal: number;
  readonly requestsActive: number;
  readonly requestsSuccess: number;
  readonly requestsError: number;
  readonly requestsTimeout: number;
}

/** What active health checks found of a host. */
export interface HostChecks {
  readonly failed: boolean;
  readonly degraded: boolean;
  readonly timedOut: boolean;
  readonly excluded: boolean;
  readonly pending: boolean;
  readonly leaving: boolean;
}

export type HostHealth = 'healthy' | 'degraded' | 'unhealthy';
