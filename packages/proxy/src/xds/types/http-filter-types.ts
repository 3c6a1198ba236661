// Lists the messages that configure HTTP filters.
import { file_envoy_extensions_filters_http_adaptive_concurrency_v3_adaptive_concurrency } from '@meltemi/api/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency_pb';
import { file_envoy_extensions_filters_http_admission_control_v3_admission_control } from '@meltemi/api/envoy/extensions/filters/http/admission_control/v3/admission_control_pb';
import { file_envoy_extensions_filters_http_buffer_v3_buffer } from '@meltemi/api/envoy/extensions/filters/http/buffer/v3/buffer_pb';
import { file_envoy_extensions_filters_http_compressor_v3_compressor } from '@meltemi/api/envoy/extensions/filters/http/compressor/v3/compressor_pb';
import { file_envoy_extensions_filters_http_cors_v3_cors } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { file_envoy_extensions_filters_http_decompressor_v3_decompressor } from '@meltemi/api/envoy/extensions/filters/http/decompressor/v3/decompressor_pb';
import { file_envoy_extensions_filters_http_ext_authz_v3_ext_authz } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import { file_envoy_extensions_filters_http_fault_v3_fault } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { file_envoy_extensions_filters_http_grpc_stats_v3_config } from '@meltemi/api/envoy/extensions/filters/http/grpc_stats/v3/config_pb';
import { file_envoy_extensions_filters_http_grpc_web_v3_grpc_web } from '@meltemi/api/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb';
import { file_envoy_extensions_filters_http_header_mutation_v3_header_mutation } from '@meltemi/api/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb';
import { file_envoy_extensions_filters_http_health_check_v3_health_check } from '@meltemi/api/envoy/extensions/filters/http/health_check/v3/health_check_pb';
import { file_envoy_extensions_filters_http_jwt_authn_v3_config } from '@meltemi/api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import { file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit } from '@meltemi/api/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb';
import { file_envoy_extensions_filters_http_on_demand_v3_on_demand } from '@meltemi/api/envoy/extensions/filters/http/on_demand/v3/on_demand_pb';
import { file_envoy_extensions_filters_http_ratelimit_v3_rate_limit } from '@meltemi/api/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { file_envoy_extensions_filters_http_router_v3_router } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import { file_envoy_extensions_filters_http_set_filter_state_v3_set_filter_state } from '@meltemi/api/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb';
import { file_envoy_extensions_filters_http_set_metadata_v3_set_metadata } from '@meltemi/api/envoy/extensions/filters/http/set_metadata/v3/set_metadata_pb';
import { file_envoy_extensions_filters_http_stateful_session_v3_stateful_session } from '@meltemi/api/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb';
import { file_envoy_extensions_filters_http_tap_v3_tap } from '@meltemi/api/envoy/extensions/filters/http/tap/v3/tap_pb';
import { file_envoy_extensions_filters_http_upstream_codec_v3_upstream_codec } from '@meltemi/api/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec_pb';
import { file_istio_envoy_config_filter_http_alpn_v2alpha1_config } from '@meltemi/api/istio/envoy/config/filter/http/alpn/v2alpha1/config_pb';
import { file_istio_http_peer_metadata_config } from '@meltemi/api/istio/http/peer_metadata/config_pb';
import { file_istio_stats_config } from '@meltemi/api/istio/stats/config_pb';
import { file_istio_workload_extension } from '@meltemi/api/istio/workload/extension_pb';
import { file_istio_workload_workload } from '@meltemi/api/istio/workload/workload_pb';
import { file_meltemi_mixer_v1_mixer_filter } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import type { DescFile } from '@bufbuild/protobuf';

export const HTTP_FILTER_TYPES: readonly DescFile[] = [
  file_envoy_extensions_filters_http_adaptive_concurrency_v3_adaptive_concurrency,
  file_envoy_extensions_filters_http_admission_control_v3_admission_control,
  file_envoy_extensions_filters_http_buffer_v3_buffer,
  file_envoy_extensions_filters_http_compressor_v3_compressor,
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_decompressor_v3_decompressor,
  file_envoy_extensions_filters_http_ext_authz_v3_ext_authz,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_grpc_stats_v3_config,
  file_envoy_extensions_filters_http_grpc_web_v3_grpc_web,
  file_envoy_extensions_filters_http_header_mutation_v3_header_mutation,
  file_envoy_extensions_filters_http_health_check_v3_health_check,
  file_envoy_extensions_filters_http_jwt_authn_v3_config,
  file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit,
  file_envoy_extensions_filters_http_on_demand_v3_on_demand,
  file_envoy_extensions_filters_http_ratelimit_v3_rate_limit,
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_http_set_filter_state_v3_set_filter_state,
  file_envoy_extensions_filters_http_set_metadata_v3_set_metadata,
  file_envoy_extensions_filters_http_stateful_session_v3_stateful_session,
  file_envoy_extensions_filters_http_tap_v3_tap,
  file_envoy_extensions_filters_http_upstream_codec_v3_upstream_codec,
  file_istio_envoy_config_filter_http_alpn_v2alpha1_config,
  file_istio_http_peer_metadata_config,
  file_istio_stats_config,
  file_istio_workload_extension,
  file_istio_workload_workload,
  file_meltemi_mixer_v1_mixer_filter,
];
