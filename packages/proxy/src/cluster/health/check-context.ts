// What the connections of a host's health checks know: its address for checks, and counters that nobody sees.
import type { Clock, Dice } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { localCounters } from '../../workers/shared-counters.ts';
import { type ClusterStats, clusterStats } from '../cluster-stats.ts';
import type { EndpointAddress } from '../discovery/endpoint-set.ts';
import { CircuitBreaker } from '../endpoint/circuit-breaker.ts';
import type { Dialling } from '../endpoint/dialler.ts';
import type { Host } from '../endpoint/host.ts';
import type { HostCounters, PoolContext } from '../endpoint/pool-context.ts';
import type { ConnectionSettings } from '../settings/connection-settings.ts';
import type { HealthCheckSettings } from '../settings/health-check-settings.ts';

const UNLIMITED = {
  maxConnections: 0x7fff_ffff,
  maxPendingRequests: 0x7fff_ffff,
  maxRequests: 0x7fff_ffff,
  maxRetries: 0,
};

/** Checks are no traffic: they count in no statistic of the cluster but their own. */
export class CheckContext implements PoolContext {
  readonly host: Host;
  readonly stats: ClusterStats;
  readonly breaker: CircuitBreaker;
  readonly counters: HostCounters = {
    connectionsTotal: 0,
    connectionsActive: 0,
    connectFailures: 0,
    requestsTotal: 0,
    requestsActive: 0,
    requestsSuccess: 0,
    requestsError: 0,
    requestsTimeout: 0,
  };
  readonly #check: HealthCheckSettings;

  constructor(host: Host, check: HealthCheckSettings) {
    const scope = new StatsStore().scope('health_check');
    this.host = host;
    this.#check = check;
    this.stats = clusterStats(scope);
    this.breaker = new CircuitBreaker('default', UNLIMITED, scope, (kind) => localCounters.cell(kind));
  }

  get clock(): Clock {
    return this.host.clock;
  }

  get dice(): Dice {
    return this.host.dice;
  }

  get settings(): ConnectionSettings {
    return this.host.settings;
  }

  get epoch(): number {
    return this.host.epoch;
  }

  get retired(): boolean {
    return false;
  }

  get hasRoom(): boolean {
    return true;
  }

  get target(): EndpointAddress {
    const { address, check } = this.host.spec;
    if ('path' in address) return address;
    return { host: check?.host || address.host, port: check?.port || this.#check.port || address.port };
  }

  dial(): Dialling {
    const dialling = this.host.dial('', this.#check.transportLabels);
    const { alpn } = this.#check;
    if (dialling.kind !== 'tls' || !alpn) return dialling;
    return { ...dialling, options: { ...dialling.options, alpnProtocols: alpn }, namesFixed: true };
  }

  /** What it answers to checks is heard anyway. */
  get checksHealth(): boolean {
    return false;
  }

  failNow(): void {}

  record(): void {}
}
