// Lists the messages of resources, and those that resources hold in an `Any` without being extensions.
import { file_envoy_config_cluster_v3_cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { file_envoy_config_core_v3_extension } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { file_envoy_config_endpoint_v3_endpoint } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { file_envoy_config_listener_v3_api_listener } from '@meltemi/api/envoy/config/listener/v3/api_listener_pb';
import { file_envoy_config_listener_v3_listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { file_envoy_config_metrics_v3_stats } from '@meltemi/api/envoy/config/metrics/v3/stats_pb';
import { file_envoy_config_rbac_v3_rbac } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { file_envoy_config_route_v3_route_components } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { file_envoy_config_route_v3_route } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { file_envoy_config_trace_v3_opentelemetry } from '@meltemi/api/envoy/config/trace/v3/opentelemetry_pb';
import { file_envoy_config_trace_v3_zipkin } from '@meltemi/api/envoy/config/trace/v3/zipkin_pb';
import { file_envoy_service_discovery_v3_discovery } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { file_envoy_type_matcher_v3_http_inputs } from '@meltemi/api/envoy/type/matcher/v3/http_inputs_pb';
import { file_udpa_type_v1_typed_struct } from '@meltemi/api/udpa/type/v1/typed_struct_pb';
import { file_xds_type_matcher_v3_ip } from '@meltemi/api/xds/type/matcher/v3/ip_pb';
import { file_xds_type_matcher_v3_matcher } from '@meltemi/api/xds/type/matcher/v3/matcher_pb';
import { file_xds_type_v3_typed_struct } from '@meltemi/api/xds/type/v3/typed_struct_pb';
import { file_envoy_config_overload_v3_overload } from '@meltemi/api/envoy/config/overload/v3/overload_pb';
import type { DescFile } from '@bufbuild/protobuf';

export const CORE_TYPES: readonly DescFile[] = [
  file_envoy_config_overload_v3_overload,
  file_envoy_config_cluster_v3_cluster,
  file_envoy_config_core_v3_extension,
  file_envoy_config_endpoint_v3_endpoint,
  file_envoy_config_listener_v3_api_listener,
  file_envoy_config_listener_v3_listener,
  file_envoy_config_metrics_v3_stats,
  file_envoy_config_rbac_v3_rbac,
  file_envoy_config_route_v3_route_components,
  file_envoy_config_route_v3_route,
  file_envoy_config_trace_v3_opentelemetry,
  file_envoy_config_trace_v3_zipkin,
  file_envoy_service_discovery_v3_discovery,
  file_envoy_type_matcher_v3_http_inputs,
  file_udpa_type_v1_typed_struct,
  file_xds_type_matcher_v3_ip,
  file_xds_type_matcher_v3_matcher,
  file_xds_type_v3_typed_struct,
];
