// What balancers choose among, and what every balancer offers.
import type { Clock, Dice, Hash64 } from '@meltemi/base';

/** What a balancer knows of a host. */
export interface BalancedHost {
  /** At least 1. */
  readonly weight: number;
  readonly activeRequests: number;
  /** What consistent hashing places: the endpoint's `hash_key`, its host name, or its address. */
  readonly hashKey: string;
  /** When it came, or became healthy again: the clock's monotonic milliseconds. */
  readonly warmingSince: number;
}

/** A host with its share among those that are placed together; all shares add up to 1. */
export interface HostShare<H extends BalancedHost> {
  readonly host: H;
  readonly share: number;
}

/** Over a fixed list of hosts; membership and health changes make a new one. */
export interface Balancer<H extends BalancedHost> {
  /** `hash` is for consistent hashing; `attempt` counts from 0 and leads to another host when a choice was refused. */
  pick(hash: Hash64 | undefined, attempt: number): H | undefined;
}

export interface BalancerContext {
  readonly clock: Clock;
  readonly dice: Dice;
}
