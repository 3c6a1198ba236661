// Makes the tcp_proxy filter that ends a chain.
import type { TcpProxy } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { TcpObserver } from '../../tcp/tcp-observer.ts';
import { TcpProxyManager } from '../../tcp/tcp-proxy-manager.ts';
import { tcpSettings } from '../../tcp/tcp-settings.ts';
import { openAccessLogs } from '../access-logs.ts';
import type { ListenerParts } from '../listener-parts.ts';
import type { FilterPlace } from './filter-place.ts';
import type { TerminalFilter } from './terminal-filter.ts';

/** Throws a typed error for what can't be honoured. */
export function tcpFilter(
  config: TcpProxy,
  observers: readonly TcpObserver[],
  { chainName, onConnectionClosed }: FilterPlace,
  parts: ListenerParts,
): TerminalFilter {
  const settings = tcpSettings(config);
  const accessLogs = openAccessLogs(config.accessLog, parts);
  return new TcpProxyManager({
    ...parts,
    settings,
    accessLogs,
    observers,
    node: parts.accessLogs.node,
    filterChainName: chainName,
    onConnectionClosed,
  });
}
