// One criterion of a filter chain match: the keys that a match has of it, and the choice between keys for a connection.
import type { FilterChainMatch } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import type { ConnectionFacts } from './connection-facts.ts';

/** The key of matches that don't ask. */
export const ANYTHING = Symbol('anything');

/** What to do with the chains under each key. */
export type Branches = ReadonlyMap<unknown, (facts: ConnectionFacts) => number | undefined>;

export interface Stage {
  /** Empty: the match does not ask. Throws ListenerConfigError. */
  keysOf(match: FilterChainMatch): readonly unknown[];
  /** Follows the best key that a connection fits; the others are not looked at again. */
  choose(branches: Branches): (facts: ConnectionFacts) => number | undefined;
}
