// ListenerInput → Listener.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { TrafficDirection } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { type Filter, FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { MongoProxySchema } from '@meltemi/api/envoy/extensions/filters/network/mongo_proxy/v3/mongo_proxy_pb';
import { SniClusterSchema } from '@meltemi/api/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { msToDuration } from '@meltemi/base';
import { BLACK_HOLE_CLUSTER, PASSTHROUGH_CLUSTER } from '../input/cluster-name.ts';
import { NO_AUTHORIZATION } from '../input/authorization-rules.ts';
import type { CaptureInput, ChainInput, ListenerInput, TcpTrafficInput } from '../input/listener-input.ts';
import { accessLogs, chainlessLogs } from './access-log.ts';
import { address } from './address.ts';
import { tcpAuthorization } from './authorization/rbac-filters.ts';
import { filterChainMatch } from './filter-chain-match.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { listenerFilters } from './listener-filters.ts';
import { patchedListener } from './patch/patch-listener.ts';
import { tcpStats } from './telemetry/stats-filter.ts';
import { metadata } from './metadata.ts';
import { serverTls } from './tls-context.ts';

/** Time for a client's TLS handshake; Istio's. */
const HANDSHAKE_MS = 15_000;
/** Where iptables leads connections. */
const CAPTURING: readonly CaptureInput[] = ['hands-over', 'redirected'];

/** What the edge and iptables lead connections to. */
function isFirst({ capture, direction }: ListenerInput): boolean {
  return CAPTURING.includes(capture) || direction === 'gateway';
}

const DIRECTION = {
  inbound: TrafficDirection.INBOUND,
  outbound: TrafficDirection.OUTBOUND,
  gateway: TrafficDirection.OUTBOUND,
} as const;

export function generateListener(input: ListenerInput): Listener {
  const listener = listenerOf(input);
  return input.patches ? patchedListener(listener, input.patches) : listener;
}

function listenerOf(input: ListenerInput): Listener {
  return create(ListenerSchema, {
    ...listenerFields(input),
    filterChains: input.chains.map((chain) => filterChain(input, chain)),
    ...(input.otherwise && { defaultFilterChain: filterChain(input, input.otherwise) }),
  });
}

/** Without its chains. */
export function listenerFields(input: ListenerInput): Exclude<MessageInitShape<typeof ListenerSchema>, Listener> {
  return {
    name: input.name,
    address: address(input.address),
    trafficDirection: DIRECTION[input.direction],
    ...(input.capture === 'handed-over' && { bindToPort: false }),
    ...(input.capture === 'hands-over' && { useOriginalDst: true }),
    ...(isFirst(input) && {
      // Many connections of one wake-up would all be one worker's.
      maxConnectionsToAcceptPerSocketEvent: 1,
      ...(!input.unlogged && { accessLog: chainlessLogs(input.accessLog ?? []) }),
    }),
    ...listenerFilters(input),
  };
}

type FilterChainInit = NonNullable<MessageInitShape<typeof ListenerSchema>['filterChains']>[number];

/** Of the listener it sees all but the other chains. */
export function filterChain(listener: ListenerInput, chain: ChainInput): FilterChainInit {
  const match = filterChainMatch(chain.match);
  return {
    name: chain.name,
    ...chainMetadata(chain),
    filters: networkFilters(listener, chain),
    ...(match && { filterChainMatch: match }),
    ...(chain.tls && { transportSocket: serverTls(chain.tls) }),
    ...(limitsHandshake(listener, chain) && { transportSocketConnectTimeout: msToDuration(HANDSHAKE_MS) }),
  };
}

function chainMetadata({ traffic }: ChainInput) {
  const origin = traffic.kind === 'tcp' ? metadata(traffic.provenance) : undefined;
  return origin ? { metadata: origin } : {};
}

/** Not for the application's clients, and not where nobody declared a service; as Istio. */
function limitsHandshake({ direction, capture }: ListenerInput, { statPrefix }: ChainInput): boolean {
  const undeclared = statPrefix === PASSTHROUGH_CLUSTER || statPrefix === BLACK_HOLE_CLUSTER;
  return direction !== 'inbound' && capture !== 'hands-over' && !undeclared;
}

/** A connection manager asks who may call itself, for each request. */
function networkFilters(listener: ListenerInput, chain: ChainInput): Filter[] {
  const { traffic, statPrefix } = chain;
  const { accessLog = [], authorization = NO_AUTHORIZATION, stats = [] } = listener;
  return traffic.kind === 'tcp'
    ? [
        ...tcpAuthorization(authorization),
        ...codecFilter(traffic, statPrefix),
        ...tcpStats(stats),
        ...serverNameFilter(traffic),
        tcpProxy(traffic, { statPrefix, accessLog: isLoop(chain) ? [] : accessLog }),
      ]
    : [httpConnectionManager({ listener, statPrefix, traffic })];
}

/** Reads what passes, and counts it. */
function codecFilter({ codec }: TcpTrafficInput, statPrefix: string): Filter[] {
  if (codec === undefined) return [];
  const value = packAny(MongoProxySchema, create(MongoProxySchema, { statPrefix }));
  return [
    create(FilterSchema, { name: 'envoy.filters.network.mongo_proxy', configType: { case: 'typedConfig', value } }),
  ];
}

/** Takes the name in the client's hello for the cluster. */
function serverNameFilter({ byServerName }: TcpTrafficInput): Filter[] {
  if (!byServerName) return [];
  const value = packAny(SniClusterSchema, create(SniClusterSchema));
  return [
    create(FilterSchema, { name: 'envoy.filters.network.sni_cluster', configType: { case: 'typedConfig', value } }),
  ];
}

type Said = Pick<ChainInput, 'statPrefix'> & Required<Pick<ListenerInput, 'accessLog'>>;

function tcpProxy(traffic: TcpTrafficInput, { statPrefix, accessLog }: Said): Filter {
  const proxy = create(TcpProxySchema, {
    statPrefix,
    clusterSpecifier: tcpClusters(traffic),
    ...(traffic.maxDurationMs !== undefined && {
      maxDownstreamConnectionDuration: msToDuration(traffic.maxDurationMs),
    }),
    ...(traffic.idleTimeoutMs !== undefined && { idleTimeout: msToDuration(traffic.idleTimeoutMs) }),
    ...(traffic.hashSourceIp && { hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }] }),
    accessLog: accessLogs(accessLog),
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig', value: packAny(TcpProxySchema, proxy) },
  });
}

/** A connection to the listener's own port is a loop, which would log itself. */
function isLoop({ traffic, match }: ChainInput): boolean {
  return match.port !== undefined && traffic.kind === 'tcp' && traffic.clusters[0]?.cluster === BLACK_HOLE_CLUSTER;
}

function tcpClusters({ clusters }: TcpTrafficInput): MessageInitShape<typeof TcpProxySchema>['clusterSpecifier'] {
  if (clusters.length === 1) return { case: 'cluster', value: clusters[0]!.cluster };
  return {
    case: 'weightedClusters',
    value: { clusters: clusters.map(({ cluster, weight }) => ({ name: cluster, weight })) },
  };
}
