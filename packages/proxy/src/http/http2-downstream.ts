// Serves HTTP/2 on one connection: each stream is a request of its own.
import type { Timer } from '@meltemi/base';
import {
  defaultHttp2Limits,
  Http2Connection,
  type Http2Handler,
  type Http2Stream,
  type Transport,
} from '@meltemi/wire';
import { PingWatch } from '../codec/ping-watch.ts';
import { MULTIPLEXED, multiplexedLimits } from '../tls/multiplexed-protocol.ts';
import { ConnectionTimeouts } from './connection-timeouts.ts';
import { type Http2Client, Http2Request } from './http2-request.ts';
import type { HttpSite } from './http-site.ts';
import type { ClientFacts } from './request-headers.ts';
import type { ServedConnection } from './served-connection.ts';
import type { ConnectionEntry } from './stream-entry.ts';

export class Http2Downstream implements ServedConnection, Http2Handler, Http2Client {
  readonly site: HttpSite;
  readonly client: ClientFacts;
  readonly entry: ConnectionEntry;
  readonly #transport: Transport;
  readonly #http2: Http2Connection;
  readonly #timeouts: ConnectionTimeouts;
  readonly #active = new Set<Http2Request>();
  /** Requests that are over: the next stream takes one of them. */
  readonly #free: Http2Request[] = [];
  readonly #onGone: (connection: ServedConnection) => void;
  #idleSince: number;
  #served = 0;
  readonly #lifeTimer: Timer | undefined;
  readonly #ping: PingWatch | undefined;

  /** Takes the transport over. */
  constructor(
    site: HttpSite,
    transport: Transport,
    client: ClientFacts,
    entry: ConnectionEntry,
    onGone: (connection: ServedConnection) => void,
  ) {
    this.site = site;
    this.client = client;
    this.entry = entry;
    this.#transport = transport;
    this.#onGone = onGone;
    this.#timeouts = new ConnectionTimeouts(site.clock, site.settings.timeouts, () => this.#onIdle(), site.overload);
    const closeMs = Math.max(1, site.settings.timeouts.delayedCloseMs);
    const limits = { ...defaultHttp2Limits, ...site.settings.limits, ...site.settings.http2, closeMs };
    const ownLimits = transport.tls?.alpn === MULTIPLEXED ? multiplexedLimits(limits) : limits;
    this.#http2 = new Http2Connection('server', transport, this, ownLimits, site.clock);
    this.#idleSince = site.clock.monotonic();
    this.#timeouts.idle(this.#idleSince);
    const { ping } = site.settings;
    if (ping) this.#ping = new PingWatch(ping, site.clock, site.dice, this);
    const { connectionDurationMs } = site.settings.timeouts;
    if (connectionDurationMs > 0) this.#lifeTimer = site.clock.after(connectionDurationMs, () => this.drain());
  }

  get idle(): boolean {
    return this.#active.size === 0;
  }

  get idleSince(): number {
    return this.#idleSince;
  }

  end(): void {
    this.#http2.goAway();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  /** No new streams; those that are open end as they would. */
  drain(): void {
    this.#http2.goAway();
  }

  onStream(stream: Http2Stream): void {
    const { maxRequestsPerConnection } = this.site.settings;
    if (++this.#served === maxRequestsPerConnection) this.drain();
    this.#requestFor(stream);
  }

  onOversizedHead(stream: Http2Stream): void {
    this.#requestFor(stream).refuse();
  }

  onGoAway(): void {
    // A client that goes away still takes its answers.
  }

  onCapacity(): void {
    // We begin no streams.
  }

  ping(): void {
    this.#http2.ping();
  }

  onSilence(): void {
    this.#transport.destroy();
  }

  onPong(): void {
    this.#ping?.onPong();
  }

  onClose(error?: Error): void {
    if (error) this.site.stats.cxProtocolError.increment();
    this.#timeouts.close();
    this.#ping?.close();
    this.#lifeTimer?.cancel();
    for (const request of [...this.#active, ...this.#free]) request.close();
    this.#onGone(this);
  }

  requestOver(request: Http2Request): void {
    this.#active.delete(request);
    this.#free.push(request);
    if (this.site.draining) this.drain();
    if (this.#active.size > 0) return;
    this.#idleSince = this.site.clock.monotonic();
    this.#timeouts.idle(this.#idleSince);
  }

  #requestFor(stream: Http2Stream): Http2Request {
    const request = this.#free.pop() ?? new Http2Request(this);
    this.#active.add(request);
    request.begin(stream);
    return request;
  }

  #onIdle(): void {
    if (this.#active.size > 0) return;
    this.site.stats.cxIdleTimeout.increment();
    this.#http2.goAway();
  }
}
