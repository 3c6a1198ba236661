// The pools of one host: by priority, by what is spoken, and by what is special to a request.
import { parseSocketAddress } from '@meltemi/base';
import { isAuthority } from '@meltemi/wire';
import { spells } from '../../codec/http1-options.ts';
import type { OfferedProtocols, Priority, UpstreamExchange, UpstreamHandler } from '../cluster.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import { NegotiatingPool } from './negotiating-pool.ts';
import type { SpokenProtocol } from './offered-names.ts';
import type { PoolContext } from './pool-context.ts';
import { ANY_SITE, type PoolSite } from './pool-site.ts';

/** The host, and what it asks of its cluster. */
export interface PooledHost extends PoolContext {
  /** Requests of each client have connections of their own. */
  readonly tellsClients: boolean;
  breaker(priority: Priority): CircuitBreaker;
}

/** Connections of one protocol. */
export interface RequestPool {
  readonly empty: boolean;
  /** Undefined: a limit is reached. */
  open(handler: UpstreamHandler): UpstreamExchange | undefined;
  /** Lets connections go that may serve no more. */
  refresh(): void;
  /** Gives up the idle connections. */
  closeFree(): void;
  /** New requests get new connections. */
  drain(): void;
  /** Ends everything now. */
  close(): void;
}

type PoolProtocol = Exclude<SpokenProtocol, 'bytes'>;
type PoolsByKind = Record<Priority, Partial<Record<PoolProtocol, RequestPool>>>;

/** So many special pools are no reason to clear away. */
const FEW_POOLS = 32;

export class HostPools {
  readonly #host: PooledHost;
  /** Made when first asked for. */
  readonly #usual: PoolsByKind = { default: {}, high: {} };
  /** For requests that offer names of their own: by the names. */
  #offering: Map<string, PoolsByKind> | undefined;
  #lastOffered: OfferedProtocols | undefined;
  #lastOffering: PoolsByKind | undefined;
  /** By the name of the TLS server, or the client, where these are not the same for all requests. */
  #special: Map<string, RequestPool> | undefined;
  #specialLimit = FEW_POOLS;
  /** Undefined: to be found out. */
  #multiplexes: boolean | undefined;
  #knownEpoch = -1;

  constructor(host: PooledHost) {
    this.#host = host;
  }

  poolFor(priority: Priority, handler: UpstreamHandler): RequestPool {
    const protocol = this.#protocolFor(handler);
    const { settings, tellsClients } = this.#host;
    if (settings.serverNameByRequest || tellsClients) return this.#specialPool(priority, protocol, handler);
    const { offered } = handler;
    const pools = offered ? this.#poolsOffering(offered) : this.#usual;
    return (pools[priority][protocol] ??= this.#make(priority, protocol, { ...ANY_SITE, offered }));
  }

  *all(): Iterable<RequestPool> {
    for (const { default: usual, high } of [this.#usual, ...(this.#offering?.values() ?? [])]) {
      yield* Object.values(usual);
      yield* Object.values(high);
    }
    if (this.#special) yield* this.#special.values();
  }

  /** How the host is dialled may have changed. */
  dialledAnew(): void {
    this.#multiplexes = undefined;
  }

  #make(priority: Priority, protocol: PoolProtocol, site: PoolSite): RequestPool {
    const host = this.#host;
    const breaker = host.breaker(priority);
    switch (protocol) {
      case 'http1':
        return new ConnectionPool(host, breaker, site);
      case 'http2':
        return new Http2Pool(host, breaker, site);
      case 'either':
      case 'multiplexed':
        return new NegotiatingPool(host, breaker, protocol, site);
    }
  }

  /** What the cluster speaks, or what the client does where that is its choice. What leaves HTTP leaves a connection of its own. */
  #protocolFor({ http2, switches, spelled, authority }: UpstreamHandler): PoolProtocol {
    const { protocol, http1 } = this.#host.settings;
    if (protocol === 'either') return switches ? 'http1' : 'either';
    if (protocol === 'http2' || (protocol === 'as-received' && http2 === true)) return 'http2';
    if (switches || spelled || spells(http1) || !this.#mayMultiplex) return 'http1';
    // HTTP/2 can't say every host that HTTP/1.1 can.
    return authority === undefined || isAuthority(authority) ? 'multiplexed' : 'http1';
  }

  /** We show the host a certificate: it may be a sidecar of our kind. */
  get #mayMultiplex(): boolean {
    const { epoch } = this.#host;
    if (this.#multiplexes !== undefined && this.#knownEpoch === epoch) return this.#multiplexes;
    const dialling = this.#host.dial('');
    if (dialling.kind === 'not-ready') return false;
    this.#knownEpoch = epoch;
    this.#multiplexes = dialling.kind === 'tls' && dialling.authenticated;
    return this.#multiplexes;
  }

  /** Nearly always those of the request before. */
  #poolsOffering(offered: OfferedProtocols): PoolsByKind {
    if (offered === this.#lastOffered) return this.#lastOffering!;
    const key = JSON.stringify([offered.http1, offered.http2]);
    this.#offering ??= new Map();
    const pools = this.#offering.get(key) ?? { default: {}, high: {} };
    this.#offering.set(key, pools);
    this.#lastOffered = offered;
    this.#lastOffering = pools;
    return pools;
  }

  #specialPool(priority: Priority, protocol: PoolProtocol, handler: UpstreamHandler): RequestPool {
    const site = this.#siteOf(handler);
    const key = `${priority} ${protocol} ${JSON.stringify(site)}`;
    this.#special ??= new Map();
    const known = this.#special.get(key);
    if (known) return known;
    // Clients and names come and go without end: what they left behind is cleared away now and then.
    if (this.#special.size >= this.#specialLimit) this.#dropEmptyPools(this.#special);
    const pool = this.#make(priority, protocol, site);
    this.#special.set(key, pool);
    return pool;
  }

  #dropEmptyPools(special: Map<string, RequestPool>): void {
    for (const [key, pool] of special) if (pool.empty) special.delete(key);
    this.#specialLimit = Math.max(FEW_POOLS, 2 * special.size);
  }

  #siteOf({ authority, clientEnds, offered }: UpstreamHandler): PoolSite {
    const { settings, tellsClients } = this.#host;
    const named = settings.serverNameByRequest && authority !== undefined;
    return {
      serverName: named ? (parseSocketAddress(authority)?.host ?? authority) : '',
      client: tellsClients ? clientEnds : undefined,
      offered,
    };
  }
}
