// Carries the bytes of one client connection to an upstream and back: connect, pump both ways, half-close, end.
import { type SocketAddress, type Timer, xxHash64 } from '@meltemi/base';
import { type Transport, TransportError, type TransportHandler } from '@meltemi/wire';
import { tlsFacts } from '../accesslog/certificate-facts.ts';
import type { Cluster, UpstreamHost, UpstreamTcp, UpstreamTcpEnd, UpstreamTcpHandler } from '../cluster/cluster.ts';
import type { Workload } from '../istio/workload.ts';
import { Deadline } from '../http/deadline.ts';
import { UPSTREAM_PEER } from '../istio/peer-state.ts';
import { CLUSTER_KEY, IDLE_TIMEOUT_KEY, setState, textState } from '../listener/network/connection-state.ts';
import { PeerGreeting } from './peer-greeting.ts';
import type { TcpEntry } from './tcp-entry.ts';
import type { TcpChoice } from './tcp-settings.ts';
import type { TcpSite, TcpTarget } from './tcp-site.ts';
import { Tunnel } from './tunnel.ts';

export class ProxiedConnection implements TransportHandler {
  readonly #site: TcpSite;
  readonly #client: Transport;
  readonly #entry: TcpEntry;
  readonly #startedAt: number;
  readonly #idle: Deadline;
  readonly #duration: Deadline;
  readonly #onEnded: () => void;
  readonly #tried: UpstreamHost[] = [];
  readonly #idleTimeoutMs: number;
  #cluster: Cluster | undefined;
  #subset: TcpChoice['subset'];
  #opened = false;
  #logTimer: Timer | undefined;
  #upstream: UpstreamTcp | undefined;
  #greeting: PeerGreeting | undefined;
  #connected = false;
  /** What the client sent before the upstream was there: the bytes that were read to choose the filter chain. */
  #early: Buffer | undefined;
  #clientEnded = false;
  #upstreamEnded = false;
  #clientGone = false;
  #upstreamGone = false;
  #over = false;

  /** `onEnded`: it is over on both sides, once; the entry is complete. */
  constructor(site: TcpSite, client: Transport, entry: TcpEntry, onEnded: () => void) {
    this.#site = site;
    this.#onEnded = onEnded;
    this.#client = client;
    this.#entry = entry;
    this.#startedAt = site.clock.monotonic();
    this.#idleTimeoutMs = Number(textState(client, IDLE_TIMEOUT_KEY) ?? site.settings.idleTimeoutMs) || 0;
    this.#idle = new Deadline(site.clock, () => this.#timedOut('idle'));
    this.#duration = new Deadline(site.clock, () => this.#timedOut('duration'));
  }

  /** The client is not read until the upstream is there. */
  start(target: TcpTarget): void {
    const { settings, stats } = this.#site;
    this.#client.pauseReading();
    this.#touch();
    if (settings.maxDurationMs > 0) this.#duration.set(this.#startedAt + settings.maxDurationMs);
    const { choice, cluster } = this.#targetOf(target);
    this.#subset = choice.subset;
    this.#cluster = cluster;
    if (settings.logIntervalMs > 0) this.#logLater();
    if (this.#cluster) {
      this.#entry.upstreamCluster = this.#cluster.shownName;
      this.#entry.upstreamClusterRaw = choice.cluster;
      return this.#connect(this.#cluster);
    }
    stats.noRoute.increment();
    this.#refuse('NC');
  }

  onData(bytes: Buffer): void {
    if (this.#over) return;
    this.#site.stats.rxBytes.add(bytes.length);
    this.#entry.bytesReceived += bytes.length;
    if (!this.#connected) {
      this.#early = this.#early ? Buffer.concat([this.#early, bytes]) : Buffer.from(bytes);
      return;
    }
    this.#touch();
    if (this.#upstream!.write(bytes)) return;
    this.#site.stats.readsPaused.increment();
    this.#client.pauseReading();
  }

  onEnd(): void {
    this.#clientEnded = true;
    if (this.#connected) this.#upstream!.end();
  }

  onDrain(): void {
    this.#upstream?.resumeReading();
  }

  /** After both have sent FIN, the other side still flushes; otherwise what is left leads nowhere. */
  onClose(error?: Error): void {
    if (this.#over) return;
    this.#clientGone = true;
    if (error) this.#entry.connectionTerminationDetails = error.message;
    if (this.#clientEnded && this.#upstreamEnded && !this.#upstreamGone) return;
    this.#upstream?.close(isReset(error) ? 'reset' : undefined);
    this.#finish();
  }

  /** Closes both sides now. */
  destroy(): void {
    this.#client.destroy();
    this.#upstream?.close();
    this.#finish();
  }

  /** A filter before this one may have named the cluster. */
  #targetOf(expected: TcpTarget): TcpTarget {
    const cluster = textState(this.#client, CLUSTER_KEY);
    if (cluster === undefined) return expected;
    return { choice: { ...expected.choice, cluster }, cluster: this.#site.clusters.get(cluster) };
  }

  #logLater(): void {
    const { clock, settings } = this.#site;
    this.#logTimer = clock.after(settings.logIntervalMs, () => {
      this.#logNow();
      this.#logLater();
    });
  }

  #logNow(): void {
    this.#entry.durationMs = this.#site.clock.monotonic() - this.#startedAt;
    this.#site.log(this.#entry);
  }

  #tellOpened(): void {
    if (this.#opened) return;
    this.#opened = true;
    for (const observer of this.#site.observers) observer.opened(this.#client, this.#entry);
  }

  #connect(cluster: Cluster): void {
    const hash = this.#site.settings.hashSourceIp ? xxHash64(this.#client.remoteAddress.host) : undefined;
    const host = cluster.pick({
      hash,
      tried: this.#tried,
      subset: this.#subset,
      originalDestination: destinationOf(this.#client),
    });
    if (!host) return this.#refuse('UH');
    this.#upstream = this.#open(cluster, host);
    if (!this.#upstream) return this.#refuse('UO');
    this.#tried.push(host);
    this.#entry.upstreamHost = host.text;
    this.#entry.upstreamRequestAttemptCount = this.#tried.length;
  }

  #open(cluster: Cluster, host: UpstreamHost): UpstreamTcp | undefined {
    const { tunnel } = this.#site.settings;
    const events = this.#upstreamEvents();
    return tunnel ? Tunnel.open(cluster, host, events, tunnel.request(this.#entry)) : cluster.connectTcp(host, events);
  }

  #upstreamEvents(): UpstreamTcpHandler {
    const { remoteAddress: source, localAddress: destination } = this.#client;
    return {
      clientEnds: { source, destination },
      onConnected: () => this.#upstreamConnected(),
      onData: (chunk) => this.#upstreamData(chunk),
      onEnd: () => this.#upstreamFinished(),
      onDrain: () => this.#upstreamDrained(),
      onClose: (end) => this.#upstreamClosed(end),
    };
  }

  #upstreamConnected(): void {
    const { localAddress, tls, host, facts } = this.#upstream!;
    this.#entry.upstreamConnection = facts;
    this.#entry.upstreamTls = tls && tlsFacts(tls, host.localUris);
    this.#connected = true;
    this.#entry.upstreamLocalAddress = `${localAddress.host}:${localAddress.port}`;
    this.#entry.upstreamTransportFailureReason = undefined;
    this.#touch();
    this.#greet();
    // Who is there is known when the upstream has answered.
    if (!this.#greeting) this.#tellOpened();
    if (this.#site.settings.logConnected) this.#logNow();
    const early = this.#early;
    this.#early = undefined;
    const room = early === undefined || this.#upstream!.write(early);
    if (this.#clientEnded) this.#upstream!.end();
    else if (room) this.#client.resumeReading();
  }

  /** Where both ends agreed on it, each first says who it is. */
  #greet(): void {
    const protocol = this.#cluster!.peerExchange;
    if (protocol === undefined || this.#upstream!.tls?.alpn !== protocol) return;
    const onPeer = (peer: Workload) => setState(this.#client, UPSTREAM_PEER, peer);
    this.#greeting = new PeerGreeting(this.#upstream!, this.#site.greeting, onPeer);
  }

  #upstreamData(bytes: Buffer): void {
    const chunk = this.#greeting ? this.#greeting.received(bytes) : bytes;
    if (this.#greeting?.over) this.#tellOpened();
    if (chunk) this.#toClient(chunk);
  }

  #toClient(chunk: Buffer): void {
    this.#site.stats.txBytes.add(chunk.length);
    this.#entry.bytesSent += chunk.length;
    this.#touch();
    if (!this.#client.write(chunk)) this.#upstream!.pauseReading();
  }

  #upstreamFinished(): void {
    this.#upstreamEnded = true;
    const rest = this.#greeting?.ended();
    if (rest) this.#toClient(rest);
    this.#client.end();
  }

  #upstreamDrained(): void {
    if (this.#clientEnded) return;
    this.#site.stats.readsResumed.increment();
    this.#client.resumeReading();
  }

  #upstreamClosed(end: UpstreamTcpEnd): void {
    if (end.kind === 'connect-failed') return this.#connectFailed(end.detail);
    this.#upstreamGone = true;
    if (end.kind !== 'ended') this.#entry.connectionTerminationDetails = end.detail;
    if (this.#clientGone) return this.#finish();
    // Whose end was a FIN still reads what is on its way; a reset is handed on as one.
    if (end.kind === 'ended') return;
    if (end.kind === 'reset') {
      this.#entry.responseFlags = 'UR';
      this.#client.reset();
    } else {
      this.#client.destroy();
    }
    this.#finish();
  }

  #connectFailed(detail: string): void {
    this.#upstream = undefined;
    this.#entry.upstreamTransportFailureReason = detail;
    if (this.#clientGone) return this.#finish();
    if (this.#tried.length < this.#site.settings.maxConnectAttempts) return this.#connect(this.#cluster!);
    this.#cluster!.stats.cxConnectAttemptsExceeded.increment();
    this.#refuse('UF,URX');
  }

  #refuse(flags: string): void {
    this.#entry.responseFlags = flags;
    this.destroy();
  }

  #timedOut(which: 'idle' | 'duration'): void {
    const { stats } = this.#site;
    (which === 'idle' ? stats.idleTimeout : stats.maxDuration).increment();
    if (which === 'duration') this.#entry.responseFlags = 'DT';
    this.destroy();
  }

  #touch(): void {
    if (this.#idleTimeoutMs > 0) this.#idle.set(this.#site.clock.monotonic() + this.#idleTimeoutMs);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#idle.close();
    this.#duration.close();
    this.#logTimer?.cancel();
    this.#entry.durationMs = this.#site.clock.monotonic() - this.#startedAt;
    this.#tellOpened();
    for (const observer of this.#site.observers) observer.closed(this.#client, this.#entry);
    this.#onEnded();
  }
}

/** Where the client wanted to go, on a connection that was redirected here. */
function destinationOf({ localAddress, localAddressRestored }: Transport): SocketAddress | undefined {
  return localAddressRestored ? localAddress : undefined;
}

function isReset(error: Error | undefined): boolean {
  return error instanceof TransportError && error.code === 'CONNECTION_RESET';
}
