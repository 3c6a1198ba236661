// Finds the counters of a redis_proxy filter, by Envoy's names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/redis_proxy_filter#statistics
import type { Counter, Gauge, Histogram, StatsScope, StatsStore } from '@meltemi/telemetry';

export interface CommandStats {
  readonly total: Counter;
  readonly success: Counter;
  readonly error: Counter;
  readonly latency: Histogram;
}

/** Commands that are counted each for itself: a client must not fill the memory with names. */
const MAX_COMMANDS = 400;

export class RedisStats {
  readonly #scope: StatsScope;
  readonly #commands = new Map<string, CommandStats>();
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly protocolError: Counter;
  readonly rxBytes: Counter;
  readonly txBytes: Counter;
  readonly rqTotal: Counter;
  readonly rqActive: Gauge;
  readonly unsupported: Counter;
  readonly invalid: Counter;

  constructor(stats: StatsStore, prefix: string) {
    const scope = stats.scope('redis', { redis_prefix: prefix });
    this.#scope = scope;
    this.cxTotal = scope.counter('downstream_cx_total');
    this.cxActive = scope.gauge('downstream_cx_active');
    this.protocolError = scope.counter('downstream_cx_protocol_error');
    this.rxBytes = scope.counter('downstream_cx_rx_bytes_total');
    this.txBytes = scope.counter('downstream_cx_tx_bytes_total');
    this.rqTotal = scope.counter('downstream_rq_total');
    this.rqActive = scope.gauge('downstream_rq_active');
    this.unsupported = scope.counter('splitter.unsupported_command');
    this.invalid = scope.counter('splitter.invalid_request');
  }

  /** Undefined: not a name, or one too many. */
  command(name: string): CommandStats | undefined {
    const known = this.#commands.get(name);
    if (known) return known;
    if (!/^[a-z0-9_.]{1,32}$/.test(name) || this.#commands.size >= MAX_COMMANDS) return undefined;
    const stat = (kind: string) => `command.${name}.${kind}`;
    const made = {
      total: this.#scope.counter(stat('total')),
      success: this.#scope.counter(stat('success')),
      error: this.#scope.counter(stat('error')),
      latency: this.#scope.histogram(stat('latency')),
    };
    this.#commands.set(name, made);
    return made;
  }

  close(): void {
    this.#scope.close();
  }
}
