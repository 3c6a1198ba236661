// Lets tries of one request race: a try that takes too long stays in the race while another begins; the first good answer wins.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_routing#request-hedging
import type { SocketAddress } from '@meltemi/base';
import type { Headers, ResponseHead, TlsInfo } from '@meltemi/wire';
import type {
  ConnectionFacts,
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
} from '../cluster/cluster.ts';

/** Who begins the tries. It hears of the latest as if it were the only one. */
export interface RaceOwner extends UpstreamHandler {
  /** A try that had taken too long answers after all. */
  onRivalHead(rival: Racer, head: ResponseHead): void;
  onRivalReset(reason: ResetReason, detail: string): void;
}

/** For one request after the other. */
export class Hedging {
  readonly #owner: RaceOwner;
  /** The try that began last. */
  #latest: Racer | undefined;
  #rivals: Racer[] = [];

  constructor(owner: RaceOwner) {
    this.#owner = owner;
  }

  /** Tries that took too long may still answer. */
  get contested(): boolean {
    return this.#rivals.length > 0;
  }

  begin(host: UpstreamHost): Racer {
    this.#latest = new Racer(this, this.#owner, host);
    return this.#latest;
  }

  /** The latest try stays in the race; another will begin. */
  overtake(): void {
    if (this.#latest) this.#rivals.push(this.#latest);
    this.#latest = undefined;
  }

  isLatest(racer: Racer): boolean {
    return this.#latest === racer;
  }

  get rivals(): number {
    return this.#rivals.length;
  }

  /** Nobody else is heard of any more. */
  win(winner: Racer): void {
    this.#forget(winner);
    this.cancelRivals();
    this.#latest = winner;
  }

  /** The latest is out of the race. */
  leave(): void {
    this.#latest = undefined;
  }

  /** A rival gives up. */
  drop(rival: Racer): void {
    rival.exchange?.reset('cancelled');
    this.#forget(rival);
  }

  /** A rival failed. */
  lost(rival: Racer): void {
    this.#forget(rival);
  }

  cancelRivals(): void {
    if (this.#rivals.length === 0) return;
    for (const rival of this.#rivals) rival.exchange?.reset('cancelled');
    this.#rivals = [];
  }

  cancel(): void {
    this.cancelRivals();
    this.#latest = undefined;
  }

  #forget(racer: Racer): void {
    this.#rivals = this.#rivals.filter((rival) => rival !== racer);
  }
}

/** One try in a race. */
export class Racer implements UpstreamHandler {
  readonly #race: Hedging;
  readonly #owner: RaceOwner;
  readonly http2: boolean | undefined;
  readonly host: UpstreamHost;
  exchange: UpstreamExchange | undefined;
  localAddress: SocketAddress | undefined;
  connection: ConnectionFacts | undefined;

  constructor(race: Hedging, owner: RaceOwner, host: UpstreamHost) {
    this.#race = race;
    this.#owner = owner;
    this.http2 = owner.http2;
    this.host = host;
  }

  get offered(): UpstreamHandler['offered'] {
    return this.#owner.offered;
  }

  get switches(): boolean {
    return this.#owner.switches === true;
  }

  get spelled(): boolean {
    return this.#owner.spelled === true;
  }

  get authority(): string | undefined {
    return this.#owner.authority;
  }

  get clientEnds(): UpstreamHandler['clientEnds'] {
    return this.#owner.clientEnds;
  }

  get #heard(): boolean {
    return this.#race.isLatest(this);
  }

  onConnected(tls: TlsInfo | undefined, localAddress: SocketAddress, facts: ConnectionFacts): void {
    this.localAddress = localAddress;
    this.connection = facts;
    if (this.#heard) this.#owner.onConnected(tls, localAddress, facts);
  }

  onInformational(head: ResponseHead): void {
    if (this.#heard) this.#owner.onInformational?.(head);
  }

  onHead(head: ResponseHead): void {
    if (this.#heard) this.#owner.onHead(head);
    else this.#owner.onRivalHead(this, head);
  }

  onBody(chunk: Buffer): void {
    if (this.#heard) this.#owner.onBody(chunk);
  }

  onPause(): void {
    if (this.#heard) this.#owner.onPause();
  }

  onEnd(trailers: Headers | undefined): void {
    if (this.#heard) this.#owner.onEnd(trailers);
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.#heard) return this.#owner.onReset(reason, detail);
    this.#race.lost(this);
    this.#owner.onRivalReset(reason, detail);
  }

  onDrain(): void {
    if (this.#heard) this.#owner.onDrain();
  }
}
