// What all connections of one tcp_proxy filter share.
import type { Clock, Dice } from '@meltemi/base';
import type { Cluster, Clusters } from '../cluster/cluster.ts';
import type { TcpEntry } from './tcp-entry.ts';
import type { TcpObserver } from './tcp-observer.ts';
import type { TcpChoice, TcpSettings } from './tcp-settings.ts';
import type { TcpStats } from './tcp-stats.ts';

/** Where one connection goes, unless a filter before names another cluster. */
export interface TcpTarget {
  readonly choice: TcpChoice;
  /** Stays the connection's own when it is taken out of the configuration. Undefined: there was none of the name. */
  readonly cluster: Cluster | undefined;
}

export interface TcpSite {
  readonly settings: TcpSettings;
  readonly clusters: Clusters;
  readonly stats: TcpStats;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly observers: readonly TcpObserver[];
  /** What says to an upstream who we are, in Istio's metadata exchange. */
  readonly greeting: Buffer;
  /** A line in each access log. */
  log(entry: TcpEntry): void;
}
