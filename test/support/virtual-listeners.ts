// The bootstrap of a sidecar that takes intercepted traffic, shaped as istiod's listeners are.
import type { JsonObject } from '@bufbuild/protobuf';

const TYPES = 'type.googleapis.com/envoy.extensions';

/** `pod` and `peer`: addresses; the peer's port 80 is a service of the mesh, the pod's application has 9080. */
export function virtualListeners({ peer }: { readonly pod: string; readonly peer: string }): JsonObject {
  return {
    node: { id: 'sidecar', cluster: 'test' },
    static_resources: {
      listeners: [virtualOutbound(), outbound(), virtualInbound()],
      clusters: [
        staticCluster('outbound|80||peer', peer, 80),
        staticCluster('inbound|9080||', '127.0.0.1', 9080),
        originalDst('PassthroughCluster'),
        // By this source address the rules know what the sidecar passes on to its application.
        originalDst('InboundPassthroughCluster', { source_address: { address: '127.0.0.6', port_value: 0 } }),
      ],
    },
  };
}

function virtualOutbound(): JsonObject {
  return {
    name: 'virtualOutbound',
    address: address('0.0.0.0', 15_001),
    traffic_direction: 'OUTBOUND',
    use_original_dst: true,
    filter_chains: [{ filters: [tcpProxy('PassthroughCluster')] }],
  };
}

function outbound(): JsonObject {
  return {
    name: '0.0.0.0_80',
    address: address('0.0.0.0', 80),
    traffic_direction: 'OUTBOUND',
    bind_to_port: false,
    filter_chains: [{ filters: [http('outbound', 'outbound|80||peer')] }],
  };
}

function virtualInbound(): JsonObject {
  return {
    name: 'virtualInbound',
    address: address('0.0.0.0', 15_006),
    traffic_direction: 'INBOUND',
    listener_filters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typed_config: { '@type': `${TYPES}.filters.listener.original_dst.v3.OriginalDst` },
      },
      {
        name: 'envoy.filters.listener.tls_inspector',
        typed_config: { '@type': `${TYPES}.filters.listener.tls_inspector.v3.TlsInspector` },
      },
    ],
    filter_chains: [
      {
        filter_chain_match: { destination_port: 9080, transport_protocol: 'raw_buffer' },
        filters: [http('inbound', 'inbound|9080||')],
      },
    ],
    default_filter_chain: { filters: [tcpProxy('InboundPassthroughCluster')] },
  };
}

function http(name: string, cluster: string): JsonObject {
  const route = { match: { prefix: '/' }, route: { cluster } };
  const header = { header: { key: 'x-via', value: name } };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      route_config: {
        response_headers_to_add: [header],
        virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }],
      },
      http_filters: [
        { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` } },
      ],
    },
  };
}

function tcpProxy(cluster: string): JsonObject {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': `${TYPES}.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: cluster,
      cluster,
    },
  };
}

function staticCluster(name: string, host: string, port: number): JsonObject {
  const endpoint = { endpoint: { address: address(host, port) } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '2s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

function originalDst(name: string, bind?: JsonObject): JsonObject {
  return {
    name,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: '2s',
    ...(bind && { upstream_bind_config: bind }),
  };
}

function address(host: string, port: number): JsonObject {
  return { socket_address: { address: host, port_value: port } };
}
