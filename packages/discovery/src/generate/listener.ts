// ListenerInput → Listener.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { TrafficDirection } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type Filter,
  FilterSchema,
  FilterChainSchema,
  ListenerFilterSchema,
} from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { TlsInspectorSchema } from '@meltemi/api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { msToDuration } from '@meltemi/base';
import type {
  AccessLogInput,
  GatewayListenerInput,
  InboundListenerInput,
  ListenerInput,
  OutboundListenerInput,
  TcpTrafficInput,
  TrafficInput,
} from '../input/listener-input.ts';
import { accessLogs } from './access-log.ts';
import { address } from './address.ts';
import { httpConnectionManager, type ManagerInput } from './http-connection-manager.ts';
import { gatewayTls, meshServerTls } from './tls-context.ts';

export function generateListener(input: ListenerInput): Listener {
  switch (input.kind) {
    case 'outbound':
      return outboundListener(input);
    case 'inbound':
      return inboundListener(input);
    case 'gateway':
      return gatewayListener(input);
  }
}

function outboundListener(input: OutboundListenerInput): Listener {
  return create(ListenerSchema, {
    name: input.name,
    address: address(input.address),
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [{ filters: [networkFilter(input, input.traffic, 'outbound')] }],
  });
}

/** One chain, and TLS in it: a plaintext client is closed. */
function inboundListener(input: InboundListenerInput): Listener {
  return create(ListenerSchema, {
    name: input.name,
    address: address(input.address),
    trafficDirection: TrafficDirection.INBOUND,
    filterChains: [
      { filters: [networkFilter(input, input.traffic, 'inbound')], transportSocket: meshServerTls(input.trustDomain) },
    ],
  });
}

function gatewayListener(input: GatewayListenerInput): Listener {
  const needsName = input.chains.some(({ serverNames }) => serverNames.length > 0);
  return create(ListenerSchema, {
    name: input.name,
    address: address(input.address),
    trafficDirection: TrafficDirection.OUTBOUND,
    ...(needsName && { listenerFilters: [tlsInspector()] }),
    filterChains: input.chains.map(({ traffic, tls, serverNames }) =>
      create(FilterChainSchema, {
        filters: [networkFilter(input, traffic, 'gateway')],
        ...(serverNames.length > 0 && { filterChainMatch: { serverNames: [...serverNames] } }),
        ...(tls && { transportSocket: gatewayTls(tls) }),
      }),
    ),
  });
}

interface ChainContext {
  readonly name: string;
  readonly accessLog: AccessLogInput;
}

function networkFilter(context: ChainContext, traffic: TrafficInput, direction: ManagerInput['direction']): Filter {
  const { accessLog } = context;
  const statPrefix = statPrefixOf(context.name, direction);
  return traffic.kind === 'tcp'
    ? tcpProxy(traffic, statPrefix, accessLog)
    : httpConnectionManager({ direction, statPrefix, traffic, accessLog });
}

/** `inbound_0.0.0.0_9080` and `outbound_0.0.0.0_80` as Istio's; the ports of one machine are told apart by service. */
function statPrefixOf(name: string, direction: ManagerInput['direction']): string {
  if (direction === 'inbound') return `inbound_0.0.0.0_${name.split('|')[1]}`;
  return name.startsWith('outbound|') ? name.replaceAll('|', '_') : `outbound_${name}`;
}

function tcpProxy(traffic: TcpTrafficInput, statPrefix: string, accessLog: AccessLogInput): Filter {
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

function tlsInspector() {
  return create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.tls_inspector',
    configType: { case: 'typedConfig', value: packAny(TlsInspectorSchema, create(TlsInspectorSchema)) },
  });
}
