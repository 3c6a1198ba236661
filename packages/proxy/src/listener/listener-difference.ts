// Two configurations of a listener → whether one can take the place of the other under connections that have no filter chain yet.
import { equals } from '@bufbuild/protobuf';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';

/** Listener filters, and all else that a connection meets before its chain is chosen, are the same. */
export function differsInChainsOnly(before: Listener, after: Listener): boolean {
  return equals(ListenerSchema, withoutChains(before), withoutChains(after));
}

function withoutChains(listener: Listener): Listener {
  const rest: Listener = { ...listener, filterChains: [] };
  delete rest.defaultFilterChain;
  delete rest.filterChainMatcher;
  return rest;
}
