// What all connections of one tcp_proxy filter share.
import type { Clock, Dice } from '@meltemi/base';
import type { Clusters } from '../cluster/cluster.ts';
import type { TcpEntry } from './tcp-entry.ts';
import type { TcpObserver } from './tcp-observer.ts';
import type { TcpSettings } from './tcp-settings.ts';
import type { TcpStats } from './tcp-stats.ts';

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
