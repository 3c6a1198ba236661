// Turns a Listener message into one running version of it: filter chains and the rule that chooses between them.
import { toBinary } from '@bufbuild/protobuf';
import { type Clock, durationToMs, type Logger } from '@meltemi/base';
import {
  type FilterChain as FilterChainConfig,
  FilterChainSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { Transport, TransportAddress } from '@meltemi/wire';
import { FilterChain } from './filter-chain.ts';
import { compileFilterChainMatch, type ConnectionFacts, type FilterChainMatcher } from './filter-chain-match.ts';
import { checkListener, statName } from './listener-address.ts';
import { ListenerConfigError } from './listener-config-error.ts';
import type { ListenerParts } from './listener-parts.ts';
import { type ListenerStats, listenerStats } from './listener-stats.ts';
import { type ConnectionAcceptor, PendingConnection } from './pending-connection.ts';

/** Envoy's listener_filters_timeout. */
const INSPECT_TIMEOUT_MS = 15_000;

export class ListenerVersion implements ConnectionAcceptor {
  readonly name: string;
  readonly address: TransportAddress;
  readonly config: Listener;
  readonly stats: ListenerStats;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly inspectTimeoutMs: number;
  readonly needsInspection: boolean;
  readonly detectsHttp: boolean;
  /** By the bytes of their configuration. */
  readonly chains: ReadonlyMap<string, FilterChain>;
  readonly #order: readonly FilterChain[];
  readonly #default: FilterChain | undefined;
  readonly #matcher: FilterChainMatcher;
  readonly #pending = new Set<PendingConnection>();

  /** Chains of `before` that didn't change are taken over. Throws a typed error for what can't be honoured. */
  constructor(config: Listener, before: ListenerVersion | undefined, parts: ListenerParts, onReady: () => void) {
    const { address, inspectors } = checkListener(config);
    this.name = config.name;
    this.config = config;
    this.address = address;
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.stats = listenerStats(parts.stats, config.statPrefix || statName(address));
    this.inspectTimeoutMs = config.listenerFiltersTimeout
      ? durationToMs(config.listenerFiltersTimeout)
      : INSPECT_TIMEOUT_MS;
    this.#matcher = compileFilterChainMatch(config.filterChains.map((chain) => chain.filterChainMatch));
    this.detectsHttp = inspectors.has('http');
    this.needsInspection = this.#matcher.needsInspection;
    const build = new ChainBuilder(before, this.stats, parts, onReady);
    this.#order = build.all(config.filterChains);
    this.#default = config.defaultFilterChain && build.all([config.defaultFilterChain])[0];
    this.chains = build.built;
    if (this.chains.size === 0) throw new ListenerConfigError('BAD_FILTER_CHAIN', `no filter chains`);
    for (const chain of this.chains.values()) chain.hold();
  }

  get ready(): boolean {
    return [...this.chains.values()].every((chain) => chain.ready);
  }

  accept(transport: Transport): void {
    const pending = new PendingConnection(this, transport);
    this.#pending.add(pending);
    pending.start();
  }

  forget(pending: PendingConnection): void {
    this.#pending.delete(pending);
  }

  chainFor(facts: ConnectionFacts): FilterChain | undefined {
    const index = this.#matcher.match(facts);
    return index === undefined ? this.#default : this.#order[index];
  }

  /** No new connection comes; chains that no other version has drain and close. */
  retire(): void {
    for (const pending of this.#pending) pending.destroy();
    for (const chain of this.chains.values()) chain.release();
    this.stats.close();
  }

  drain(): void {
    for (const chain of this.chains.values()) chain.drain();
  }

  /** While draining: connections left. */
  closeIdle(): number {
    let left = 0;
    for (const chain of this.chains.values()) left += chain.closeIdle();
    return left;
  }

  close(): void {
    for (const pending of this.#pending) pending.destroy();
    for (const chain of this.chains.values()) chain.close();
    this.stats.close();
  }
}

class ChainBuilder {
  readonly built = new Map<string, FilterChain>();
  readonly #before: ListenerVersion | undefined;
  readonly #stats: ListenerStats;
  readonly #parts: ListenerParts;
  readonly #onReady: () => void;

  constructor(before: ListenerVersion | undefined, stats: ListenerStats, parts: ListenerParts, onReady: () => void) {
    this.#before = before;
    this.#stats = stats;
    this.#parts = parts;
    this.#onReady = onReady;
  }

  /** One bad chain refuses the listener: what was built for it is closed again. */
  all(configs: readonly FilterChainConfig[]): FilterChain[] {
    try {
      return configs.map((config) => this.#one(config));
    } catch (error) {
      for (const [key, chain] of this.built) if (!this.#before?.chains.has(key)) chain.close();
      this.#stats.close();
      throw error;
    }
  }

  #one(config: FilterChainConfig): FilterChain {
    const key = Buffer.from(toBinary(FilterChainSchema, config)).toString('latin1');
    const known = this.built.get(key) ?? this.#before?.chains.get(key);
    const chain = known ?? new FilterChain(config, this.#stats, this.#parts, this.#onReady);
    this.built.set(key, chain);
    return chain;
  }
}
