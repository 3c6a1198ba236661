// Turns a Listener message into one running version of it: listener filters, filter chains and the rule that chooses between them.
import type { Clock, Logger } from '@meltemi/base';
import { type Listener, Listener_DrainType } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { Transport } from '@meltemi/wire';
import { ChainBuilder } from './chain-builder.ts';
import { chainChoice, NO_CHAIN } from './chain-choice.ts';
import type { ConnectionFacts } from './connection-facts.ts';
import { compileListenerFilters, type PlacedFilter } from './filter/compile-filters.ts';
import type { FilterChain } from './filter-chain.ts';
import { asksForHello, type ChooseChain } from './filter-chain-match.ts';
import { directionOf, isInbound } from './listener-address.ts';
import { differsInChainsOnly } from './listener-difference.ts';
import { ListenerConfigError } from './listener-config-error.ts';
import { listenerLogs, type ListenerLogs } from './listener-logs.ts';
import type { DrainingChain, ListenerParts } from './listener-parts.ts';
import { type ListenerSettings, listenerSettings } from './listener-settings.ts';
import { type ListenerStats, listenerStats } from './listener-stats.ts';
import { type ConnectionAcceptor, PendingConnection } from './pending-connection.ts';

/** Gives a connection to the listener of its destination; false: there is none. `bytes`: read already. */
export type HandOver = (transport: Transport, bytes: Buffer | undefined) => boolean;

export class ListenerVersion implements ConnectionAcceptor {
  readonly name: string;
  readonly config: Listener;
  readonly settings: ListenerSettings;
  readonly stats: ListenerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly filters: readonly PlacedFilter[];
  readonly filtersTimeoutMs: number;
  readonly continueOnTimeout: boolean;
  readonly handOver: HandOver;
  /** By the bytes of their configuration. */
  readonly chains: ReadonlyMap<string, FilterChain>;
  readonly #order: readonly FilterChain[];
  readonly #default: FilterChain | undefined;
  readonly #choose: ChooseChain;
  readonly #logs: ListenerLogs;
  readonly #pending = new Set<PendingConnection>();
  readonly #draining: Set<DrainingChain>;
  /** Connections that have not arrived at their chains when the version is replaced. */
  readonly #arriving: DrainingChain = {
    drain: () => {},
    closeIdle: () => this.#pending.size,
    close: () => this.#destroyPending(),
  };
  #retired = false;
  #givenUp = false;
  #successor: ListenerVersion | undefined;

  /** Chains of `before` that didn't change are taken over. Throws a typed error for what can't be honoured. */
  constructor(
    config: Listener,
    before: ListenerVersion | undefined,
    parts: ListenerParts,
    handOver: HandOver,
    onReady: () => void,
  ) {
    this.name = config.name;
    this.config = config;
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.handOver = handOver;
    this.#draining = parts.drainingChains;
    this.settings = listenerSettings(config);
    this.filtersTimeoutMs = this.settings.filtersTimeoutMs;
    this.continueOnTimeout = this.settings.continueOnTimeout;
    this.#choose = chainChoice(config);
    if (config.filterChains.length === 0 && !config.defaultFilterChain)
      throw new ListenerConfigError('BAD_FILTER_CHAIN', `no filter chains`);
    this.stats = listenerStats(parts.stats, this.settings.statPrefix, parts.sockets?.worker);
    const modifyOnly = config.drainType === Listener_DrainType.MODIFY_ONLY;
    const drain = modifyOnly ? undefined : parts.drain?.decision(isInbound(config));
    const direction = directionOf(config);
    const chainParts = { ...parts, ...(drain && { drainDecision: drain }), ...(direction && { direction }) };
    const builder = new ChainBuilder(before?.chains, this.stats, chainParts, onReady);
    this.filters = [];
    try {
      this.filters = compileListenerFilters(config.listenerFilters, impliedFilters(config), {
        ...parts,
        onReady,
        configMissing: this.stats.configMissing,
      });
      this.#order = builder.all(config.filterChains);
      this.#default = config.defaultFilterChain && builder.all([config.defaultFilterChain])[0];
      this.#logs = listenerLogs(config.accessLog, parts);
    } catch (error) {
      builder.undo();
      this.#closeFilters();
      throw error;
    }
    this.chains = builder.built;
    for (const chain of this.chains.values()) chain.hold();
  }

  get ready(): boolean {
    const filtersReady = this.filters.every(({ filter }) => filter.ready ?? true);
    return filtersReady && [...this.chains.values()].every((chain) => chain.ready);
  }

  accept(transport: Transport): void {
    this.#start(transport, undefined, this.settings.handsOver);
  }

  /** A connection that another listener accepted goes no further. */
  acceptHandedOver(transport: Transport, bytes: Buffer | undefined): void {
    this.#start(transport, bytes, false);
  }

  get latest(): ListenerVersion {
    const next = this.#successor?.latest;
    return next && !next.#retired ? next : this;
  }

  adopt(pending: PendingConnection): void {
    this.#pending.add(pending);
  }

  forget(pending: PendingConnection): void {
    this.#pending.delete(pending);
    this.#giveUp();
  }

  chainFor(facts: ConnectionFacts): FilterChain | undefined {
    const index = this.#choose(facts);
    if (index === undefined) return this.#default;
    return index === NO_CHAIN ? undefined : this.#order[index];
  }

  unmatched(transport: Transport): void {
    this.#logs.unmatched(transport);
  }

  /** No new connection comes; chains that no other version has drain and close, once those on their way to them have arrived. */
  retire(successor?: ListenerVersion): void {
    this.#retired = true;
    if (successor && differsInChainsOnly(this.config, successor.config)) this.#successor = successor;
    if (this.#pending.size > 0) this.#draining.add(this.#arriving);
    this.#giveUp();
  }

  #giveUp(): void {
    if (!this.#retired || this.#pending.size > 0 || this.#givenUp) return;
    this.#givenUp = true;
    this.#draining.delete(this.#arriving);
    for (const chain of this.chains.values()) chain.release();
    this.#closeFilters();
    this.#logs.close();
  }

  drain(): void {
    for (const chain of this.chains.values()) chain.drain();
  }

  /** While draining: connections left, those on their way to a chain among them. */
  closeIdle(): number {
    let left = this.#pending.size;
    for (const chain of this.chains.values()) left += chain.closeIdle();
    return left;
  }

  close(): void {
    this.#destroyPending();
    for (const chain of this.chains.values()) chain.close();
    this.#closeFilters();
    this.#logs.close();
  }

  #destroyPending(): void {
    for (const pending of this.#pending) pending.destroy();
  }

  #start(transport: Transport, bytes: Buffer | undefined, mayHandOver: boolean): void {
    transport.queueLimit = this.settings.bufferLimit;
    const pending = new PendingConnection(this, transport, mayHandOver);
    this.#pending.add(pending);
    pending.start(bytes);
  }

  #closeFilters(): void {
    for (const { filter } of this.filters) filter.close();
    this.stats.close();
  }
}

/** Envoy adds these by itself where the listener does not name them. */
function impliedFilters(config: Listener) {
  const chainsAsk = config.filterChains.some((chain) => asksForHello(chain.filterChainMatch));
  return { originalDst: config.useOriginalDst ?? false, tlsInspector: chainsAsk };
}
