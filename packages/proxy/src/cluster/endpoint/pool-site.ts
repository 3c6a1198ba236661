// What is special to the connections of one pool: they are for one server name, for one client, or offer names of their own.
import type { ProxyEnds } from '@meltemi/wire';
import type { OfferedProtocols } from '../cluster.ts';

export interface PoolSite {
  /** Of TLS, by the request; empty: what is configured. */
  readonly serverName: string;
  /** Whom the upstream is told of by PROXY protocol; undefined: nobody. */
  readonly client: ProxyEnds | undefined;
  /** By ALPN; undefined: what is configured. */
  readonly offered: OfferedProtocols | undefined;
}

/** For every request. */
export const ANY_SITE: PoolSite = { serverName: '', client: undefined, offered: undefined };
