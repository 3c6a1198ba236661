// Turns accepted connections of a filter chain into ones carried to a cluster, and knows which are open.
import { type Clock, type Dice, rollInteger } from '@meltemi/base';
import type { AccessLog, StatsStore } from '@meltemi/telemetry';
import type { Transport } from '@meltemi/wire';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Clusters } from '../cluster/cluster.ts';
import type { Reception, TerminalFilter } from '../listener/network/terminal-filter.ts';
import { connectionEntry } from '../http/connection-entry.ts';
import type { ConnectionEntry } from '../http/stream-entry.ts';
import { workloadOf } from '../istio/workload.ts';
import { encodePeer } from '../listener/network/peer-exchange-message.ts';
import { ProxiedConnection } from './proxied-connection.ts';
import { TcpEntry } from './tcp-entry.ts';
import type { TcpObserver } from './tcp-observer.ts';
import { pickCluster, type TcpSettings } from './tcp-settings.ts';
import type { TcpSite, TcpTarget } from './tcp-site.ts';
import { type TcpStats, tcpStats } from './tcp-stats.ts';

export interface TcpProxyOptions {
  readonly settings: TcpSettings;
  readonly accessLogs: readonly AccessLog[];
  readonly observers: readonly TcpObserver[];
  readonly filterChainName: string;
  /** Who we are; undefined: nobody said. */
  readonly node: Node | undefined;
  readonly onConnectionClosed: () => void;
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly dice: Dice;
}

export class TcpProxyManager implements TcpSite, TerminalFilter {
  readonly settings: TcpSettings;
  readonly clusters: Clusters;
  readonly stats: TcpStats;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly observers: readonly TcpObserver[];
  readonly #accessLogs: readonly AccessLog[];
  readonly #node: Node | undefined;
  #greeting: Buffer | undefined;
  readonly #filterChainName: string;
  readonly #onConnectionClosed: () => void;
  readonly #connections = new Set<ProxiedConnection>();

  constructor(options: TcpProxyOptions) {
    this.settings = options.settings;
    this.clusters = options.clusters;
    this.clock = options.clock;
    this.dice = options.dice;
    this.stats = tcpStats(options.stats, options.settings.statPrefix);
    this.observers = options.observers;
    this.#accessLogs = options.accessLogs;
    this.#node = options.node;
    this.#filterChainName = options.filterChainName;
    this.#onConnectionClosed = options.onConnectionClosed;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  get greeting(): Buffer {
    this.#greeting ??= encodePeer(this.#node?.id ?? '', workloadOf(this.#node?.metadata ?? {}));
    return this.#greeting;
  }

  /** Routes are part of the configuration itself. */
  get ready(): boolean {
    return true;
  }

  /** As with Envoy, which goes to the cluster's endpoint before the client's handshake is done. */
  expect(): Reception {
    const target = this.#target();
    return {
      accept: (transport, localUris, known) => this.#carry(transport, this.#entry(transport, localUris, known), target),
    };
  }

  /** Takes over a connection whose handshake, if any, is done, and connects it at once: the server may speak first. */
  accept(transport: Transport, localUris: readonly string[], known?: ConnectionEntry): void {
    this.#carry(transport, this.#entry(transport, localUris, known), this.#target());
  }

  /** A filter before this one closed a connection: it is in the log all the same. */
  denied(client: ConnectionEntry, details: string): void {
    const entry = new TcpEntry(client, this.clock.now());
    this.stats.cxTotal.increment();
    entry.connectionTerminationDetails = details;
    this.log(entry);
  }

  /** Nothing tells the client of a byte stream to go: its connections stay until they end or the drain time is over. */
  drain(): void {}

  /** While draining: how many connections are left. */
  closeIdle(): number {
    return this.#connections.size;
  }

  /** Closes every connection now, gives up counters and logs. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
    for (const log of this.#accessLogs) log.close();
    this.stats.close();
  }

  /** A line in each access log. */
  log(entry: TcpEntry): void {
    for (const log of this.#accessLogs) log.log(entry);
  }

  #target(): TcpTarget {
    const choice = pickCluster(this.settings.clusters, rollInteger(this.dice));
    return { choice, cluster: this.clusters.get(choice.cluster) };
  }

  #entry(transport: Transport, localUris: readonly string[], known: ConnectionEntry | undefined): TcpEntry {
    return new TcpEntry(known ?? connectionEntry(transport, this.#filterChainName, localUris), this.clock.now());
  }

  #carry(transport: Transport, entry: TcpEntry, target: TcpTarget): void {
    this.stats.cxTotal.increment();
    const connection = new ProxiedConnection(this, transport, entry, () => this.#ended(connection, entry));
    this.#connections.add(connection);
    this.stats.cxActive.increment();
    transport.handler = connection;
    connection.start(target);
  }

  #ended(connection: ProxiedConnection, entry: TcpEntry): void {
    this.#connections.delete(connection);
    this.stats.cxActive.decrement();
    this.log(entry);
    this.#onConnectionClosed();
  }
}
