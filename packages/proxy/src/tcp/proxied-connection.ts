// Carries the bytes of one client connection to an upstream and back: connect, pump both ways, half-close, end.
import { rollInteger } from '@meltemi/base';
import { type Transport, TransportError, type TransportHandler } from '@meltemi/wire';
import type { Cluster, UpstreamHost, UpstreamTcp, UpstreamTcpEnd, UpstreamTcpHandler } from '../cluster/cluster.ts';
import { hash32 } from '../cluster/balance/hash32.ts';
import { Deadline } from '../http/deadline.ts';
import type { TcpEntry } from './tcp-entry.ts';
import { pickCluster } from './tcp-settings.ts';
import type { TcpSite } from './tcp-site.ts';

export class ProxiedConnection implements TransportHandler {
  readonly #site: TcpSite;
  readonly #client: Transport;
  readonly #entry: TcpEntry;
  readonly #startedAt: number;
  readonly #idle: Deadline;
  readonly #duration: Deadline;
  readonly #onEnded: () => void;
  readonly #tried: UpstreamHost[] = [];
  #cluster: Cluster | undefined;
  #upstream: UpstreamTcp | undefined;
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
    this.#idle = new Deadline(site.clock, () => this.#timedOut('idle'));
    this.#duration = new Deadline(site.clock, () => this.#timedOut('duration'));
  }

  /** The client is not read until the upstream is there. */
  start(): void {
    const { settings, clusters, dice, stats } = this.#site;
    this.#client.pauseReading();
    this.#touch();
    if (settings.maxDurationMs > 0) this.#duration.set(this.#startedAt + settings.maxDurationMs);
    const name = pickCluster(settings.clusters, rollInteger(dice));
    this.#cluster = clusters.get(name);
    if (this.#cluster) {
      this.#entry.upstreamCluster = name;
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

  #connect(cluster: Cluster): void {
    const hash = this.#site.settings.hashSourceIp ? hash32(this.#client.remoteAddress.host, 0) : undefined;
    const host = cluster.pick({ hash, tried: this.#tried });
    if (!host) return this.#refuse('UH');
    this.#upstream = cluster.connectTcp(host, this.#upstreamEvents());
    if (!this.#upstream) return this.#refuse('UO');
    this.#tried.push(host);
    this.#entry.upstreamHost = host.text;
    this.#entry.upstreamRequestAttemptCount = this.#tried.length;
  }

  #upstreamEvents(): UpstreamTcpHandler {
    return {
      onConnected: () => this.#upstreamConnected(),
      onData: (chunk) => this.#upstreamData(chunk),
      onEnd: () => this.#upstreamFinished(),
      onDrain: () => this.#upstreamDrained(),
      onClose: (end) => this.#upstreamClosed(end),
    };
  }

  #upstreamConnected(): void {
    const { localAddress } = this.#upstream!;
    this.#connected = true;
    this.#entry.upstreamLocalAddress = `${localAddress.host}:${localAddress.port}`;
    this.#entry.upstreamTransportFailureReason = undefined;
    this.#touch();
    const early = this.#early;
    this.#early = undefined;
    const room = early === undefined || this.#upstream!.write(early);
    if (this.#clientEnded) this.#upstream!.end();
    else if (room) this.#client.resumeReading();
  }

  #upstreamData(chunk: Buffer): void {
    this.#site.stats.txBytes.add(chunk.length);
    this.#entry.bytesSent += chunk.length;
    this.#touch();
    if (!this.#client.write(chunk)) this.#upstream!.pauseReading();
  }

  #upstreamFinished(): void {
    this.#upstreamEnded = true;
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
    const { clock, settings } = this.#site;
    if (settings.idleTimeoutMs > 0) this.#idle.set(clock.monotonic() + settings.idleTimeoutMs);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#idle.close();
    this.#duration.close();
    this.#entry.durationMs = this.#site.clock.monotonic() - this.#startedAt;
    this.#onEnded();
  }
}

function isReset(error: Error | undefined): boolean {
  return error instanceof TransportError && error.code === 'CONNECTION_RESET';
}
