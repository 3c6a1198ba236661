// What the HTTP and TCP sides see of upstreams: clusters by name, their hosts, and exchanges with a host.
import type { SocketAddress } from '@meltemi/base';
import type { Headers, ResponseHead, TlsInfo } from '@meltemi/wire';
import type { ClusterStats } from './cluster-stats.ts';

/** All clusters that can be routed to. */
export interface Clusters {
  /** The active cluster; a cluster that still warms is not there, and its older version serves. */
  get(name: string): Cluster | undefined;
  names(): Iterable<string>;
  /** What the admin pages show: active and warming clusters. */
  snapshot(): readonly ClusterSnapshot[];
}

/** A logical destination: endpoints, a balancer, limits. Keeps its identity across configuration updates. */
export interface Cluster {
  readonly name: string;
  readonly stats: ClusterStats;
  readonly connectTimeoutMs: number;
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

export interface PickContext {
  /** 32 bits, from the route's hash policy; undefined: hash balancers choose at random. */
  readonly hash: number | undefined;
  readonly tried: readonly UpstreamHost[];
}

/** An endpoint of a cluster. */
export interface UpstreamHost {
  readonly address: SocketAddress;
  /** `ip:port`, for logs. */
  readonly text: string;
  /** The DNS name it was found by, for `auto_host_rewrite`; empty when none. */
  readonly hostname: string;
  readonly cluster: Cluster;
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
  /** Written at once or when connected. */
  sendHead(request: UpstreamRequest): void;
  /** False: wait for `onDrain`. The chunk is read during the call only. */
  sendBody(chunk: Buffer): boolean;
  end(trailers?: Headers): void;
  /** Gives up; the handler hears nothing more. A timeout counts against the host and the cluster's `upstream_rq_timeout`. */
  reset(cause?: 'cancelled' | 'timeout' | 'per-try-timeout'): void;
  pauseReading(): void;
  resumeReading(): void;
}

export interface UpstreamHandler {
  /** The request came by HTTP/2: a cluster that speaks what its client speaks goes by it. */
  readonly http2?: boolean;
  /** The connection is there; before anything else, within `sendHead` or later. `tls` is undefined for plaintext. */
  onConnected(tls: TlsInfo | undefined, localAddress: SocketAddress): void;
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
  readonly version: string;
  readonly lastUpdatedMs: number;
  readonly hosts: readonly HostSnapshot[];
  readonly limits: Readonly<Record<Priority, CircuitLimits>>;
}

/** Thresholds of a circuit breaker. https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking */
export interface CircuitLimits {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

export interface HostSnapshot {
  readonly address: string;
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly health: HostHealth;
  readonly ejected: boolean;
  readonly successRate: number;
  readonly connectionsTotal: number;
  readonly connectionsActive: number;
  readonly connectFailures: number;
  readonly requestsTotal: number;
  readonly requestsActive: number;
  readonly requestsSuccess: number;
  readonly requestsError: number;
  readonly requestsTimeout: number;
}

/** As the endpoint discovery says, outlier ejection aside. */
export type HostHealth = 'healthy' | 'degraded' | 'unhealthy';
