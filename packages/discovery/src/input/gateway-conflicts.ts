// Servers of Gateways that cannot stand beside others on the same proxy → a warning at each.
import { resourceName } from '@meltemi/api';
import type { Problem } from '@meltemi/base';
import type { ProxyScope } from '../scope.ts';
import { wantedServers } from './gateway-server.ts';
import { mergeServers } from './merged-servers.ts';

export function gatewayConflicts(scope: ProxyScope): readonly Problem[] {
  return mergeServers(wantedServers(scope)).refused.map(({ bound: { gateway, server }, reason }) => {
    const path = `spec.servers[${gateway.spec.servers.indexOf(server)}]`;
    return {
      severity: 'warning',
      code: 'MEL0308',
      message: `port ${server.port.number} is not opened at ${scope.node.workload}.${scope.node.namespace}: ${reason}`,
      resource: resourceName(gateway),
      path,
      source: gateway.origin(path).source,
    };
  });
}
