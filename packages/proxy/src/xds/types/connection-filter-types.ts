// Lists the messages that configure listener filters and network filters.
import { file_envoy_extensions_filters_common_fault_v3_fault } from '@meltemi/api/envoy/extensions/filters/common/fault/v3/fault_pb';
import { file_envoy_extensions_filters_common_set_filter_state_v3_value } from '@meltemi/api/envoy/extensions/filters/common/set_filter_state/v3/value_pb';
import { file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector } from '@meltemi/api/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb';
import { file_envoy_extensions_filters_listener_local_ratelimit_v3_local_ratelimit } from '@meltemi/api/envoy/extensions/filters/listener/local_ratelimit/v3/local_ratelimit_pb';
import { file_envoy_extensions_filters_listener_original_dst_v3_original_dst } from '@meltemi/api/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb';
import { file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol } from '@meltemi/api/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb';
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from '@meltemi/api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import { file_envoy_extensions_filters_network_connection_limit_v3_connection_limit } from '@meltemi/api/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb';
import { file_envoy_extensions_filters_network_direct_response_v3_config } from '@meltemi/api/envoy/extensions/filters/network/direct_response/v3/config_pb';
import { file_envoy_extensions_filters_network_echo_v3_echo } from '@meltemi/api/envoy/extensions/filters/network/echo/v3/echo_pb';
import { file_envoy_extensions_filters_network_ext_authz_v3_ext_authz } from '@meltemi/api/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { file_envoy_extensions_filters_network_local_ratelimit_v3_local_rate_limit } from '@meltemi/api/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb';
import { file_envoy_extensions_filters_network_mongo_proxy_v3_mongo_proxy } from '@meltemi/api/envoy/extensions/filters/network/mongo_proxy/v3/mongo_proxy_pb';
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { file_envoy_extensions_filters_network_redis_proxy_v3_redis_proxy } from '@meltemi/api/envoy/extensions/filters/network/redis_proxy/v3/redis_proxy_pb';
import { file_envoy_extensions_filters_network_set_filter_state_v3_set_filter_state } from '@meltemi/api/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb';
import { file_envoy_extensions_filters_network_sni_cluster_v3_sni_cluster } from '@meltemi/api/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { file_envoy_tcp_metadataexchange_config_metadata_exchange } from '@meltemi/api/envoy/tcp/metadataexchange/config/metadata_exchange_pb';
import type { DescFile } from '@bufbuild/protobuf';

export const CONNECTION_FILTER_TYPES: readonly DescFile[] = [
  file_envoy_extensions_filters_common_fault_v3_fault,
  file_envoy_extensions_filters_common_set_filter_state_v3_value,
  file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector,
  file_envoy_extensions_filters_listener_local_ratelimit_v3_local_ratelimit,
  file_envoy_extensions_filters_listener_original_dst_v3_original_dst,
  file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_connection_limit_v3_connection_limit,
  file_envoy_extensions_filters_network_direct_response_v3_config,
  file_envoy_extensions_filters_network_echo_v3_echo,
  file_envoy_extensions_filters_network_ext_authz_v3_ext_authz,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_local_ratelimit_v3_local_rate_limit,
  file_envoy_extensions_filters_network_mongo_proxy_v3_mongo_proxy,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
  file_envoy_extensions_filters_network_redis_proxy_v3_redis_proxy,
  file_envoy_extensions_filters_network_set_filter_state_v3_set_filter_state,
  file_envoy_extensions_filters_network_sni_cluster_v3_sni_cluster,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_tcp_metadataexchange_config_metadata_exchange,
];
