// Notes texts of a connection under keys that filters after it go by.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/set_filter_state
import type { Config } from '@meltemi/api/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb';
import { setStates, stateValues } from '../../filter-state/state-values.ts';
import { TcpEntry } from '../../tcp/tcp-entry.ts';
import type { ListenerParts } from '../listener-parts.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { setState } from './connection-state.ts';

/** Throws a typed error for formats that can't be honoured. */
export function setFilterState({ onNewConnection }: Config, { clock, accessLogs }: ListenerParts): ConnectionFilter {
  const values = stateValues(onNewConnection, accessLogs.hostname);
  return {
    admit({ transport, entry }) {
      setStates(values, new TcpEntry(entry, clock.now()), (key, text) => setState(transport, key, text));
      return undefined;
    },
    close: () => undefined,
  };
}
