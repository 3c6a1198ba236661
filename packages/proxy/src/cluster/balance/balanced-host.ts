// What balancers choose among, and what every balancer offers.

/** What a balancer knows of a host. */
export interface BalancedHost {
  /** At least 1. */
  readonly weight: number;
  readonly activeRequests: number;
  /** What consistent hashing places: the address, or the endpoint's `hash_key`. */
  readonly hashKey: string;
}

/** Over a fixed list of hosts; membership and health changes make a new one. */
export interface Balancer<H extends BalancedHost> {
  /** `hash` is for consistent hashing; `attempt` counts from 0 and leads to another host when a choice was refused. */
  pick(hash: number | undefined, attempt: number): H | undefined;
}
