// ListenerInput → Listener.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { TrafficDirection } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { type Filter, FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { msToDuration } from '@meltemi/base';
import { NO_AUTHORIZATION } from '../input/authorization-rules.ts';
import type { ChainInput, ListenerInput, TcpTrafficInput } from '../input/listener-input.ts';
import { accessLogs } from './access-log.ts';
import { address } from './address.ts';
import { tcpAuthorization } from './authorization/rbac-filters.ts';
import { filterChainMatch } from './filter-chain-match.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { listenerFilters } from './listener-filters.ts';
import { serverTls } from './tls-context.ts';

const DIRECTION = {
  inbound: TrafficDirection.INBOUND,
  outbound: TrafficDirection.OUTBOUND,
  gateway: TrafficDirection.OUTBOUND,
} as const;

export function generateListener(input: ListenerInput): Listener {
  return create(ListenerSchema, {
    name: input.name,
    address: address(input.address),
    trafficDirection: DIRECTION[input.direction],
    ...(input.capture === 'handed-over' && { bindToPort: false }),
    ...(input.capture === 'hands-over' && { useOriginalDst: true }),
    ...listenerFilters(input),
    filterChains: input.chains.map((chain) => filterChain(input, chain)),
    ...(input.otherwise && { defaultFilterChain: filterChain(input, input.otherwise) }),
  });
}

type FilterChainInit = NonNullable<MessageInitShape<typeof ListenerSchema>['filterChains']>[number];

function filterChain(listener: ListenerInput, chain: ChainInput): FilterChainInit {
  const match = filterChainMatch(chain.match);
  return {
    name: chain.name,
    filters: networkFilters(listener, chain),
    ...(match && { filterChainMatch: match }),
    ...(chain.tls && { transportSocket: serverTls(chain.tls) }),
  };
}

/** A connection manager asks who may call itself, for each request. */
function networkFilters(
  { direction, accessLog, authorization = NO_AUTHORIZATION }: ListenerInput,
  { traffic, statPrefix }: ChainInput,
): Filter[] {
  return traffic.kind === 'tcp'
    ? [...tcpAuthorization(authorization), tcpProxy(traffic, { statPrefix, accessLog })]
    : [httpConnectionManager({ direction, statPrefix, traffic, accessLog, authorization })];
}

type Said = Pick<ChainInput, 'statPrefix'> & Pick<ListenerInput, 'accessLog'>;

function tcpProxy(traffic: TcpTrafficInput, { statPrefix, accessLog }: Said): Filter {
  const proxy = create(TcpProxySchema, {
    statPrefix,
    clusterSpecifier: tcpClusters(traffic),
    ...(traffic.idleTimeoutMs !== undefined && { idleTimeout: msToDuration(traffic.idleTimeoutMs) }),
    ...(traffic.hashSourceIp && { hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }] }),
    accessLog: accessLogs(accessLog),
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig', value: packAny(TcpProxySchema, proxy) },
  });
}

function tcpClusters({ clusters }: TcpTrafficInput): MessageInitShape<typeof TcpProxySchema>['clusterSpecifier'] {
  if (clusters.length === 1) return { case: 'cluster', value: clusters[0]!.cluster };
  return {
    case: 'weightedClusters',
    value: { clusters: clusters.map(({ cluster, weight }) => ({ name: cluster, weight })) },
  };
}
