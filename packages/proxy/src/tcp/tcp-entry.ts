// What the access log can say of a connection that carried bytes as they are.
import type { AccessLogEntry, TlsFacts } from '@meltemi/telemetry';
import type { ConnectionFacts } from '../cluster/cluster.ts';
import type { ConnectionEntry } from '../http/stream-entry.ts';

export class TcpEntry implements AccessLogEntry {
  readonly #connection: ConnectionEntry;
  readonly startTimeMs: number;
  readonly protocol = undefined;
  readonly method = undefined;
  readonly path = undefined;
  readonly authority = undefined;
  readonly scheme = undefined;
  readonly requestHeaders = undefined;
  readonly responseHeaders = undefined;
  readonly responseTrailers = undefined;
  readonly responseCode = 0;
  responseCodeDetails: string | undefined;
  readonly requestDurationMs = undefined;
  readonly responseDurationMs = undefined;
  readonly routeName = undefined;
  responseFlags: string | undefined;
  bytesReceived = 0;
  bytesSent = 0;
  durationMs = 0;
  upstreamHost: string | undefined;
  upstreamCluster: string | undefined;
  upstreamClusterRaw: string | undefined;
  upstreamLocalAddress: string | undefined;
  upstreamTransportFailureReason: string | undefined;
  upstreamRequestAttemptCount = 0;
  upstreamTls: TlsFacts | undefined;
  upstreamConnection: ConnectionFacts | undefined;
  connectionTerminationDetails: string | undefined;

  constructor(connection: ConnectionEntry, startTimeMs: number) {
    this.#connection = connection;
    this.startTimeMs = startTimeMs;
  }

  get upstreamConnectionId(): number | undefined {
    return this.upstreamConnection?.id;
  }
  /** That there was a connection to. */
  get upstreamHostsAttempted(): readonly string[] | undefined {
    return this.upstreamConnection && this.upstreamHost !== undefined ? [this.upstreamHost] : undefined;
  }
  get metadata(): ConnectionEntry['metadata'] {
    return this.#connection.metadata;
  }
  get downstreamLocalAddress(): string {
    return this.#connection.localAddress;
  }
  get downstreamRemoteAddress(): string {
    return this.#connection.remoteAddress;
  }
  get downstreamDirectRemoteAddress(): string {
    return this.#connection.directRemoteAddress;
  }
  get requestedServerName(): string | undefined {
    return this.#connection.serverName;
  }
  get filterChainName(): string {
    return this.#connection.filterChainName;
  }
  get downstreamTls(): TlsFacts | undefined {
    return this.#connection.tls;
  }
  get connectionId(): number {
    return this.#connection.id;
  }
}
