// What is special to the connections of one pool: they are for one server name, or for one client.
import type { ProxyEnds } from '@meltemi/wire';

export interface PoolSite {
  /** Of TLS, by the request; empty: what is configured. */
  readonly serverName: string;
  /** Whom the upstream is told of by PROXY protocol; undefined: nobody. */
  readonly client: ProxyEnds | undefined;
}

/** For every request. */
export const ANY_SITE: PoolSite = { serverName: '', client: undefined };
