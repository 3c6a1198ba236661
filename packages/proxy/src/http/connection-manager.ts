// Turns accepted connections of a filter chain into served ones, and knows which are open.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { AccessLog, StatsStore } from '@meltemi/telemetry';
import type { Transport } from '@meltemi/wire';
import type { DrainDecision } from '../drain/drain-sequence.ts';
import type { Clusters } from '../cluster/cluster.ts';
import type { OverloadState } from '../overload/overload-state.ts';
import { connectionEntry } from './connection-entry.ts';
import { clientCertEntry } from './client-cert-header.ts';
import { DownstreamConnection } from './downstream-connection.ts';
import { Http2Downstream } from './http2-downstream.ts';
import type { HttpSite } from './http-site.ts';
import { closeHttpFilters, type HttpFilters } from './http-filters.ts';
import type { HttpSettings } from './http-settings.ts';
import { type HttpStats, httpStats } from './http-stats.ts';
import { PrefaceWatch } from './preface-watch.ts';
import type { ClientFacts } from './request-headers.ts';
import { HttpDate } from './response-headers.ts';
import { MULTIPLEXED } from '../tls/multiplexed-protocol.ts';
import type { RequestTracer } from '../tracing/request-tracer.ts';
import type { ReplyMapping } from './reply-mapping.ts';
import type { RouteSlot } from './route-slot.ts';
import type { ServedConnection } from './served-connection.ts';
import type { ConnectionEntry } from './stream-entry.ts';
import { VirtualClusterStats } from './virtual-cluster-stats.ts';

export interface ConnectionManagerOptions {
  readonly settings: HttpSettings;
  readonly filters: HttpFilters;
  readonly routes: RouteSlot;
  readonly accessLogs: readonly AccessLog[];
  readonly replyMapping: ReplyMapping | undefined;
  readonly tracer: RequestTracer | undefined;
  readonly filterChainName: string;
  readonly onConnectionClosed: () => void;
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** Which responses are the last of their connections because something drains. */
  readonly drainDecision?: DrainDecision;
  readonly overload?: OverloadState;
}

/** What is not open for so long after draining began may be closed: no request is under way to it any more. */
const IDLE_GRACE_MS = 1_000;

export class ConnectionManager implements HttpSite {
  readonly settings: HttpSettings;
  readonly filters: HttpFilters;
  readonly routes: RouteSlot;
  readonly accessLogs: readonly AccessLog[];
  readonly replyMapping: ReplyMapping | undefined;
  readonly tracer: RequestTracer | undefined;
  readonly clusters: Clusters;
  readonly stats: HttpStats;
  readonly virtualClusters: VirtualClusterStats;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly date: HttpDate;
  readonly #filterChainName: string;
  readonly #onConnectionClosed: () => void;
  readonly #connections = new Set<ServedConnection>();
  readonly #forget = (connection: ServedConnection): void => {
    if (!this.#connections.delete(connection)) return;
    this.stats.cxActive.decrement();
    this.#onConnectionClosed();
  };
  readonly #drain: DrainDecision | undefined;
  readonly overload: OverloadState | undefined;
  #ending = false;

  constructor(options: ConnectionManagerOptions) {
    this.settings = options.settings;
    this.routes = options.routes;
    this.accessLogs = options.accessLogs;
    this.replyMapping = options.replyMapping;
    this.tracer = options.tracer;
    this.clusters = options.clusters;
    this.clock = options.clock;
    this.dice = options.dice;
    this.logger = options.logger;
    this.filters = options.filters;
    this.stats = httpStats(options.stats, options.settings.statPrefix);
    this.virtualClusters = new VirtualClusterStats(options.stats);
    this.date = new HttpDate(options.clock);
    this.#drain = options.drainDecision;
    this.overload = options.overload;
    this.#filterChainName = options.filterChainName;
    this.#onConnectionClosed = options.onConnectionClosed;
  }

  /** Asked once a response. */
  get draining(): boolean {
    return this.#ending || this.overload?.endsConnections === true || (this.#drain?.closes() ?? false);
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Takes over a connection whose handshake, if any, is done. `localUris`: URI names of our own certificate. */
  accept(transport: Transport, localUris: readonly string[]): void {
    const der = transport.tls?.peerCertificate;
    const client = {
      ip: transport.remoteAddress.host,
      secure: transport.tls !== undefined,
      localPort: transport.localAddress.port,
      certEntry: der && clientCertEntry(der, localUris, this.settings.clientCert),
    };
    const entry = connectionEntry(transport, this.#filterChainName, localUris);
    this.stats.cxTotal.increment();
    this.stats.cxActive.increment();
    if (client.secure) this.stats.cxSsl.increment();
    this.#serve(transport, client, entry);
  }

  /** Responses say `connection: close` from now on, and HTTP/2 connections say it at once. */
  drain(): void {
    this.#ending = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** While draining: closes connections on which nothing came for a while. Returns how many are left. */
  closeIdle(): number {
    const before = this.clock.monotonic() - IDLE_GRACE_MS;
    for (const connection of this.#connections) if (connection.idle && connection.idleSince <= before) connection.end();
    return this.#connections.size;
  }

  #serve(transport: Transport, client: ClientFacts, entry: ConnectionEntry): void {
    const { codec } = this.settings;
    const alpn = transport.tls?.alpn;
    // Each stream is a request of HTTP/1.1: so it counts, is logged, and is sent on.
    if (alpn === MULTIPLEXED) return this.#serveHttp2(transport, client, entry);
    const ofHttp2 = { ...entry, http2: true };
    if (codec === 'http2' || (codec === 'auto' && alpn === 'h2')) return this.#serveHttp2(transport, client, ofHttp2);
    const connection = new DownstreamConnection(this, transport, client, entry, this.#forget);
    this.#connections.add(connection);
    const choose = (http2: boolean): void => {
      if (!http2) return this.#serveHttp1(transport, connection);
      this.#connections.delete(connection);
      connection.onClose();
      this.#serveHttp2(transport, client, ofHttp2);
    };
    if (codec === 'http1' || alpn === 'http/1.1') choose(false);
    else transport.handler = new PrefaceWatch(transport, connection, choose);
  }

  #serveHttp1(transport: Transport, connection: DownstreamConnection): void {
    transport.handler = connection;
    this.stats.cxHttp1.increment();
  }

  #serveHttp2(transport: Transport, client: ClientFacts, entry: ConnectionEntry): void {
    const connection = new Http2Downstream(this, transport, client, entry, this.#forget);
    this.#connections.add(connection);
    this.stats.cxHttp2.increment();
    if (this.#ending) connection.drain();
  }

  /** Closes every connection now, gives up counters, logs and routes. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
    this.routes.close();
    for (const log of this.accessLogs) log.close();
    this.tracer?.close();
    this.stats.close();
    this.virtualClusters.close();
    closeHttpFilters(this.filters);
  }
}
