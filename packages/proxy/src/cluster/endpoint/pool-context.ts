// What a host's connections and exchanges know of their host and cluster.
import type { Clock, Dice } from '@meltemi/base';
import type { TransportAddress } from '@meltemi/wire';
import type { UpstreamHost } from '../cluster.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Outcome } from '../outlier/outlier-state.ts';
import type { ConnectionSettings } from '../settings/connection-settings.ts';
import type { Dialling } from './dialler.ts';

export interface PoolContext {
  readonly host: UpstreamHost;
  readonly counters: HostCounters;
  readonly stats: ClusterStats;
  readonly clock: Clock;
  readonly dice: Dice;
  /** Of now: a configuration update changes them. */
  readonly settings: ConnectionSettings;
  /** Grows when what a connection speaks changes: connections of an older epoch serve no further request. */
  readonly epoch: number;
  /** The host left its cluster: its connections close when their request is over. */
  readonly retired: boolean;
  readonly target: TransportAddress;
  /** The host's own limit allows one more connection. */
  readonly hasRoom: boolean;
  /** Of the server, by the request; empty: what is configured. */
  dial(serverName: string): Dialling;
  record(outcome: Outcome): void;
  /** Its health is checked. */
  readonly checksHealth: boolean;
  /** It said, in an answer, that it is failing. */
  failNow(): void;
}

/** What `/clusters` shows of a host; the balancer reads `requestsActive`. */
export interface HostCounters {
  connectionsTotal: number;
  connectionsActive: number;
  connectFailures: number;
  requestsTotal: number;
  requestsActive: number;
  requestsSuccess: number;
  requestsError: number;
  requestsTimeout: number;
}
