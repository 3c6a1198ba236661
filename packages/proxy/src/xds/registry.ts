// Names every message that may stand in an `Any` of configuration: protobuf's JSON reads and shows them by this list.
import { file_envoy_config_cluster_v3_cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { file_envoy_config_endpoint_v3_endpoint } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { file_envoy_config_listener_v3_listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { file_envoy_config_route_v3_route } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { file_envoy_extensions_access_loggers_file_v3_file } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import { file_envoy_extensions_access_loggers_stream_v3_stream } from '@meltemi/api/envoy/extensions/access_loggers/stream/v3/stream_pb';
import { file_envoy_extensions_filters_http_cors_v3_cors } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { file_envoy_extensions_filters_http_fault_v3_fault } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { file_envoy_extensions_filters_http_router_v3_router } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import { file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector } from '@meltemi/api/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb';
import { file_envoy_extensions_filters_listener_original_dst_v3_original_dst } from '@meltemi/api/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb';
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from '@meltemi/api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from '@meltemi/api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb';
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import { file_envoy_extensions_transport_sockets_tls_v3_secret } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { registryOf } from '@meltemi/api';
import type { Registry } from '@bufbuild/protobuf';

export const xdsRegistry: Registry = registryOf(
  file_envoy_config_cluster_v3_cluster,
  file_envoy_config_endpoint_v3_endpoint,
  file_envoy_config_listener_v3_listener,
  file_envoy_config_route_v3_route,
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_access_loggers_stream_v3_stream,
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector,
  file_envoy_extensions_filters_listener_original_dst_v3_original_dst,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
  file_envoy_extensions_transport_sockets_tls_v3_secret,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
);
