// Keeps what the access log says of the upstream: the host and connection of the try that counts, the hosts before it, how it failed.
import type { SocketAddress } from '@meltemi/base';
import type { TlsInfo } from '@meltemi/wire';
import { tlsFacts } from '../accesslog/certificate-facts.ts';
import type { ConnectionFacts, UpstreamHost } from '../cluster/cluster.ts';
import type { Racer } from './hedging.ts';
import type { StreamEntry } from './stream-entry.ts';

type UpstreamNotes = Pick<
  StreamEntry,
  | 'upstream'
  | 'upstreamHost'
  | 'upstreamLocal'
  | 'upstreamTls'
  | 'upstreamConnection'
  | 'upstreamBeganMs'
  | 'hostsAttempted'
  | 'upstreamRequestAttemptCount'
  | 'upstreamTransportFailureReason'
>;

/** One a connection, for one request after the other. */
export class UpstreamRecord {
  host: UpstreamHost | undefined;
  failure = '';
  #local: SocketAddress | undefined;
  #tls: TlsInfo | undefined;
  #connection: ConnectionFacts | undefined;
  #beganMs: number | undefined;
  /** To which there was a connection, in order, each once. */
  readonly #attempted: UpstreamHost[] = [];

  /** `now`: monotonic milliseconds. */
  connected(tls: TlsInfo | undefined, local: SocketAddress, facts: ConnectionFacts, now: number): void {
    this.#connection = facts;
    if (!this.#attempted.includes(this.host!)) this.#attempted.push(this.host!);
    this.#beganMs = now;
    this.#tls = tls;
    this.#local = local;
  }

  /** A try that had been overtaken is the one that counts. */
  adopt({ host, localAddress, connection }: Racer): void {
    this.host = host;
    this.#local = localAddress;
    this.#connection = connection;
  }

  noteOn(entry: UpstreamNotes, attempts: number): void {
    entry.upstream = this.host;
    entry.upstreamHost = this.host?.text;
    entry.upstreamLocal = this.#local;
    entry.upstreamTls = this.#tls && tlsFacts(this.#tls, this.host?.localUris ?? []);
    entry.upstreamConnection = this.#connection;
    entry.upstreamBeganMs = this.#beganMs;
    entry.hostsAttempted = this.#attempted;
    entry.upstreamRequestAttemptCount = attempts;
    entry.upstreamTransportFailureReason = this.failure;
  }

  /** For the next request. */
  reset(): void {
    this.host = undefined;
    this.#local = undefined;
    this.#connection = undefined;
    this.#beganMs = undefined;
    this.#attempted.length = 0;
    this.#tls = undefined;
    this.failure = '';
  }
}
