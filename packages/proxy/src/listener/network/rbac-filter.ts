// Lets connections in by the rules of an RBAC filter; before any byte, so that a server that speaks first is not heard.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/rbac_filter
import type { RBAC } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { compileNetworkAccess } from '@meltemi/decide';
import { AccessGate, DENIAL_METADATA } from '../../access/access-gate.ts';
import type { ListenerParts } from '../listener-parts.ts';
import { type ConnectionFilter, denied } from './connection-filter.ts';

const METADATA = 'envoy.filters.network.rbac';

/** Throws DecideError for rules that can't be honoured. */
export function rbacFilter(config: RBAC, { stats, logger }: ListenerParts): ConnectionFilter {
  const gate = new AccessGate([compileNetworkAccess(config)], ({ statOwner }) => stats.scope(statOwner), logger);
  return {
    admit(connection) {
      const denial = gate.deny({
        connection: connection.entry,
        request: undefined,
        metadata: connection.metadata,
        addMetadata: (filter, values) => connection.addMetadata(filter === DENIAL_METADATA ? filter : METADATA, values),
      });
      return denial && denied(denial.details);
    },
    close: () => gate.close(),
  };
}
