// Turns the filter chains of a listener into running ones; those that an earlier version had already are taken over.
import { toBinary } from '@bufbuild/protobuf';
import {
  type FilterChain as FilterChainConfig,
  FilterChainSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { FilterChain } from './filter-chain.ts';
import type { ListenerParts } from './listener-parts.ts';
import type { ListenerStats } from './listener-stats.ts';

export class ChainBuilder {
  readonly built = new Map<string, FilterChain>();
  readonly #before: ReadonlyMap<string, FilterChain> | undefined;
  readonly #stats: ListenerStats;
  readonly #parts: ListenerParts;
  readonly #onReady: () => void;

  constructor(
    before: ReadonlyMap<string, FilterChain> | undefined,
    stats: ListenerStats,
    parts: ListenerParts,
    onReady: () => void,
  ) {
    this.#before = before;
    this.#stats = stats;
    this.#parts = parts;
    this.#onReady = onReady;
  }

  /** Throws a typed error; what was built goes by `undo`. */
  all(configs: readonly FilterChainConfig[]): FilterChain[] {
    return configs.map((config) => this.#one(config));
  }

  /** One bad chain refuses the listener: what was built for it is closed again. */
  undo(): void {
    for (const [key, chain] of this.built) if (!this.#before?.has(key)) chain.close();
  }

  #one(config: FilterChainConfig): FilterChain {
    const key = Buffer.from(toBinary(FilterChainSchema, config)).toString('latin1');
    const known = this.built.get(key) ?? this.#before?.get(key);
    const chain = known ?? new FilterChain(config, this.#stats, this.#parts, this.#onReady);
    this.built.set(key, chain);
    return chain;
  }
}
