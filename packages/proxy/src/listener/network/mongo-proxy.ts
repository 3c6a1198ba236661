// Counts what MongoDB clients ask and servers answer, without touching a byte.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/mongo_proxy_filter#statistics
import type { MongoProxy } from '@meltemi/api/envoy/extensions/filters/network/mongo_proxy/v3/mongo_proxy_pb';
import type { Transport } from '@meltemi/wire';
import { ListenerConfigError } from '../listener-config-error.ts';
import type { ListenerParts } from '../listener-parts.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { type MongoMessage, MongoReader } from './mongo-reader.ts';
import { type MongoStats, mongoStats } from './mongo-stats.ts';
import { type LayerTap, TransportLayer } from './transport-layer.ts';

/** Queries without an answer that a connection may have; more are counted and not waited for. */
const MAX_ACTIVE = 1024;

const TAILABLE = 1 << 1;
const NO_TIMEOUT = 1 << 4;
const AWAIT_DATA = 1 << 5;
const EXHAUST = 1 << 6;
const CURSOR_NOT_FOUND = 1;
const QUERY_FAILURE = 1 << 1;
const OP_REPLY = 1;
const OP_QUERY = 2004;

/** Throws ListenerConfigError for what changes the traffic or writes it down. */
export function mongoProxy(config: MongoProxy, { stats }: ListenerParts): ConnectionFilter {
  const field = [
    config.delay && 'delay',
    config.accessLog !== '' && 'access_log',
    config.emitDynamicMetadata && 'emit_dynamic_metadata',
  ].find(Boolean);
  if (field !== undefined && field !== false)
    throw new ListenerConfigError('UNSUPPORTED_FIELD', `mongo_proxy: ${field} is not supported`);
  const counters = mongoStats(stats, config.statPrefix);
  return {
    wrap: (transport: Transport) => new TransportLayer(transport, () => new MongoTap(counters)),
    close: () => counters.close(),
  };
}

class MongoTap implements LayerTap {
  readonly #stats: MongoStats;
  readonly #active = new Set<number>();
  #requests: MongoReader | undefined = new MongoReader((message) => this.#asked(message));
  #replies: MongoReader | undefined = new MongoReader((message) => this.#answered(message));

  constructor(stats: MongoStats) {
    this.#stats = stats;
  }

  received(bytes: Buffer): Buffer {
    if (this.#requests && !this.#requests.read(bytes)) this.#giveUp();
    return bytes;
  }

  sending(data: Buffer | string): void {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    if (this.#replies && !this.#replies.read(bytes)) this.#giveUp();
  }

  ended(): undefined {
    return undefined;
  }

  closed(): void {
    this.#stats.queryActive.add(-this.#active.size);
    this.#active.clear();
  }

  /** As Envoy: what can't be read is carried on and counted no more. */
  #giveUp(): void {
    this.#stats.decodingError.increment();
    this.#requests = this.#replies = undefined;
  }

  #asked({ opCode, flags, requestId }: MongoMessage): void {
    this.#stats.asked.get(opCode)?.increment();
    if (opCode !== OP_QUERY) return;
    if (flags & TAILABLE) this.#stats.tailable.increment();
    if (flags & NO_TIMEOUT) this.#stats.noTimeout.increment();
    if (flags & AWAIT_DATA) this.#stats.awaitData.increment();
    if (flags & EXHAUST) this.#stats.exhaust.increment();
    if (this.#active.size >= MAX_ACTIVE || this.#active.has(requestId)) return;
    this.#active.add(requestId);
    this.#stats.queryActive.increment();
  }

  #answered({ opCode, flags, responseTo, hasCursor }: MongoMessage): void {
    this.#stats.answered.get(opCode)?.increment();
    if (this.#active.delete(responseTo)) this.#stats.queryActive.decrement();
    if (opCode !== OP_REPLY) return;
    if (flags & CURSOR_NOT_FOUND) this.#stats.cursorNotFound.increment();
    if (flags & QUERY_FAILURE) this.#stats.queryFailure.increment();
    if (hasCursor) this.#stats.validCursor.increment();
  }
}
