// Turns accepted connections of a filter chain into ones carried to a cluster, and knows which are open.
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { AccessFilter } from '@meltemi/decide';
import type { AccessLog, StatsStore } from '@meltemi/telemetry';
import type { Transport } from '@meltemi/wire';
import { AccessGate } from '../access/access-gate.ts';
import type { Clusters } from '../cluster/cluster.ts';
import { connectionEntry } from '../http/connection-entry.ts';
import { ProxiedConnection } from './proxied-connection.ts';
import { TcpEntry } from './tcp-entry.ts';
import type { TcpSettings } from './tcp-settings.ts';
import type { TcpSite } from './tcp-site.ts';
import { type TcpStats, tcpStats } from './tcp-stats.ts';

export interface TcpProxyOptions {
  readonly settings: TcpSettings;
  /** Who may connect. */
  readonly access: readonly AccessFilter[];
  readonly accessLogs: readonly AccessLog[];
  readonly filterChainName: string;
  readonly onConnectionClosed: () => void;
  readonly clusters: Clusters;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

export class TcpProxyManager implements TcpSite {
  readonly settings: TcpSettings;
  readonly clusters: Clusters;
  readonly stats: TcpStats;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly #access: AccessGate;
  readonly #accessLogs: readonly AccessLog[];
  readonly #filterChainName: string;
  readonly #onConnectionClosed: () => void;
  readonly #connections = new Set<ProxiedConnection>();

  constructor(options: TcpProxyOptions) {
    this.settings = options.settings;
    this.clusters = options.clusters;
    this.clock = options.clock;
    this.dice = options.dice;
    this.stats = tcpStats(options.stats, options.settings.statPrefix);
    const statScope = ({ statOwner }: AccessFilter) => options.stats.scope(statOwner);
    this.#access = new AccessGate(options.access, statScope, options.logger);
    this.#accessLogs = options.accessLogs;
    this.#filterChainName = options.filterChainName;
    this.#onConnectionClosed = options.onConnectionClosed;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Takes over a connection whose handshake, if any, is done, and connects it at once: the server may speak first. */
  accept(transport: Transport): void {
    const client = connectionEntry(transport, this.#filterChainName);
    const entry = new TcpEntry(client, this.clock.now());
    this.stats.cxTotal.increment();
    const denial = this.#access.deny({ connection: client, request: undefined });
    if (denial) return this.#refuse(transport, entry, denial.details);
    const connection = new ProxiedConnection(this, transport, entry, () => this.#ended(connection, entry));
    this.#connections.add(connection);
    this.stats.cxActive.increment();
    transport.handler = connection;
    connection.start();
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
    this.#access.close();
  }

  /** Before any byte goes either way: a server that speaks first must not be heard. */
  #refuse(transport: Transport, entry: TcpEntry, details: string): void {
    transport.destroy();
    entry.connectionTerminationDetails = details;
    for (const log of this.#accessLogs) log.log(entry);
    this.#onConnectionClosed();
  }

  #ended(connection: ProxiedConnection, entry: TcpEntry): void {
    this.#connections.delete(connection);
    this.stats.cxActive.decrement();
    for (const log of this.#accessLogs) log.log(entry);
    this.#onConnectionClosed();
  }
}
