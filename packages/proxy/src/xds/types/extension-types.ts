// Lists the messages that configure what stands in an `Any` besides filters: transport sockets, access logs, balancers …
import { file_envoy_extensions_access_loggers_file_v3_file } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import { file_envoy_extensions_access_loggers_filters_cel_v3_cel } from '@meltemi/api/envoy/extensions/access_loggers/filters/cel/v3/cel_pb';
import { file_envoy_extensions_access_loggers_grpc_v3_als } from '@meltemi/api/envoy/extensions/access_loggers/grpc/v3/als_pb';
import { file_envoy_extensions_access_loggers_open_telemetry_v3_logs_service } from '@meltemi/api/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb';
import { file_envoy_extensions_access_loggers_stream_v3_stream } from '@meltemi/api/envoy/extensions/access_loggers/stream/v3/stream_pb';
import { file_envoy_extensions_bootstrap_internal_listener_v3_internal_listener } from '@meltemi/api/envoy/extensions/bootstrap/internal_listener/v3/internal_listener_pb';
import { file_envoy_extensions_clusters_aggregate_v3_cluster } from '@meltemi/api/envoy/extensions/clusters/aggregate/v3/cluster_pb';
import { file_envoy_extensions_clusters_dns_v3_dns_cluster } from '@meltemi/api/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import { file_envoy_extensions_common_dynamic_forward_proxy_v3_dns_cache } from '@meltemi/api/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb';
import { file_envoy_extensions_common_ratelimit_v3_ratelimit } from '@meltemi/api/envoy/extensions/common/ratelimit/v3/ratelimit_pb';
import { file_envoy_extensions_common_tap_v3_common } from '@meltemi/api/envoy/extensions/common/tap/v3/common_pb';
import { file_envoy_extensions_compression_brotli_compressor_v3_brotli } from '@meltemi/api/envoy/extensions/compression/brotli/compressor/v3/brotli_pb';
import { file_envoy_extensions_compression_brotli_decompressor_v3_brotli } from '@meltemi/api/envoy/extensions/compression/brotli/decompressor/v3/brotli_pb';
import { file_envoy_extensions_compression_gzip_compressor_v3_gzip } from '@meltemi/api/envoy/extensions/compression/gzip/compressor/v3/gzip_pb';
import { file_envoy_extensions_compression_gzip_decompressor_v3_gzip } from '@meltemi/api/envoy/extensions/compression/gzip/decompressor/v3/gzip_pb';
import { file_envoy_extensions_compression_zstd_compressor_v3_zstd } from '@meltemi/api/envoy/extensions/compression/zstd/compressor/v3/zstd_pb';
import { file_envoy_extensions_compression_zstd_decompressor_v3_zstd } from '@meltemi/api/envoy/extensions/compression/zstd/decompressor/v3/zstd_pb';
import { file_envoy_extensions_formatter_metadata_v3_metadata } from '@meltemi/api/envoy/extensions/formatter/metadata/v3/metadata_pb';
import { file_envoy_extensions_formatter_req_without_query_v3_req_without_query } from '@meltemi/api/envoy/extensions/formatter/req_without_query/v3/req_without_query_pb';
import { file_envoy_extensions_http_header_formatters_preserve_case_v3_preserve_case } from '@meltemi/api/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb';
import { file_envoy_extensions_http_original_ip_detection_custom_header_v3_custom_header } from '@meltemi/api/envoy/extensions/http/original_ip_detection/custom_header/v3/custom_header_pb';
import { file_envoy_extensions_http_original_ip_detection_xff_v3_xff } from '@meltemi/api/envoy/extensions/http/original_ip_detection/xff/v3/xff_pb';
import { file_envoy_extensions_http_stateful_session_cookie_v3_cookie } from '@meltemi/api/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb';
import { file_envoy_extensions_http_stateful_session_header_v3_header } from '@meltemi/api/envoy/extensions/http/stateful_session/header/v3/header_pb';
import { file_envoy_extensions_internal_redirect_allow_listed_routes_v3_allow_listed_routes_config } from '@meltemi/api/envoy/extensions/internal_redirect/allow_listed_routes/v3/allow_listed_routes_config_pb';
import { file_envoy_extensions_internal_redirect_previous_routes_v3_previous_routes_config } from '@meltemi/api/envoy/extensions/internal_redirect/previous_routes/v3/previous_routes_config_pb';
import { file_envoy_extensions_internal_redirect_safe_cross_scheme_v3_safe_cross_scheme_config } from '@meltemi/api/envoy/extensions/internal_redirect/safe_cross_scheme/v3/safe_cross_scheme_config_pb';
import { file_envoy_extensions_load_balancing_policies_cluster_provided_v3_cluster_provided } from '@meltemi/api/envoy/extensions/load_balancing_policies/cluster_provided/v3/cluster_provided_pb';
import { file_envoy_extensions_load_balancing_policies_common_v3_common } from '@meltemi/api/envoy/extensions/load_balancing_policies/common/v3/common_pb';
import { file_envoy_extensions_load_balancing_policies_least_request_v3_least_request } from '@meltemi/api/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb';
import { file_envoy_extensions_load_balancing_policies_maglev_v3_maglev } from '@meltemi/api/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb';
import { file_envoy_extensions_load_balancing_policies_random_v3_random } from '@meltemi/api/envoy/extensions/load_balancing_policies/random/v3/random_pb';
import { file_envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash } from '@meltemi/api/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb';
import { file_envoy_extensions_load_balancing_policies_round_robin_v3_round_robin } from '@meltemi/api/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb';
import { file_envoy_extensions_load_balancing_policies_subset_v3_subset } from '@meltemi/api/envoy/extensions/load_balancing_policies/subset/v3/subset_pb';
import { file_envoy_extensions_load_balancing_policies_wrr_locality_v3_wrr_locality } from '@meltemi/api/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb';
import { file_envoy_extensions_matching_common_inputs_network_v3_network_inputs } from '@meltemi/api/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb';
import { file_envoy_extensions_matching_common_inputs_ssl_v3_ssl_inputs } from '@meltemi/api/envoy/extensions/matching/common_inputs/ssl/v3/ssl_inputs_pb';
import { file_envoy_extensions_network_dns_resolver_cares_v3_cares_dns_resolver } from '@meltemi/api/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb';
import { file_envoy_extensions_network_dns_resolver_getaddrinfo_v3_getaddrinfo_dns_resolver } from '@meltemi/api/envoy/extensions/network/dns_resolver/getaddrinfo/v3/getaddrinfo_dns_resolver_pb';
import { file_envoy_extensions_path_match_uri_template_v3_uri_template_match } from '@meltemi/api/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb';
import { file_envoy_extensions_path_rewrite_uri_template_v3_uri_template_rewrite } from '@meltemi/api/envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite_pb';
import { file_envoy_extensions_regex_engines_v3_google_re2 } from '@meltemi/api/envoy/extensions/regex_engines/v3/google_re2_pb';
import { file_envoy_extensions_request_id_uuid_v3_uuid } from '@meltemi/api/envoy/extensions/request_id/uuid/v3/uuid_pb';
import { file_envoy_extensions_resource_monitors_downstream_connections_v3_downstream_connections } from '@meltemi/api/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb';
import { file_envoy_extensions_resource_monitors_fixed_heap_v3_fixed_heap } from '@meltemi/api/envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap_pb';
import { file_envoy_extensions_retry_host_omit_canary_hosts_v3_omit_canary_hosts } from '@meltemi/api/envoy/extensions/retry/host/omit_canary_hosts/v3/omit_canary_hosts_pb';
import { file_envoy_extensions_retry_host_omit_host_metadata_v3_omit_host_metadata_config } from '@meltemi/api/envoy/extensions/retry/host/omit_host_metadata/v3/omit_host_metadata_config_pb';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from '@meltemi/api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb';
import { file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config } from '@meltemi/api/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb';
import { file_envoy_extensions_transport_sockets_internal_upstream_v3_internal_upstream } from '@meltemi/api/envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb';
import { file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol } from '@meltemi/api/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb';
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import { file_envoy_extensions_transport_sockets_tls_v3_common } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { file_envoy_extensions_transport_sockets_tls_v3_secret } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { DescFile } from '@bufbuild/protobuf';

export const EXTENSION_TYPES: readonly DescFile[] = [
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_access_loggers_filters_cel_v3_cel,
  file_envoy_extensions_access_loggers_grpc_v3_als,
  file_envoy_extensions_access_loggers_open_telemetry_v3_logs_service,
  file_envoy_extensions_access_loggers_stream_v3_stream,
  file_envoy_extensions_bootstrap_internal_listener_v3_internal_listener,
  file_envoy_extensions_clusters_aggregate_v3_cluster,
  file_envoy_extensions_clusters_dns_v3_dns_cluster,
  file_envoy_extensions_common_dynamic_forward_proxy_v3_dns_cache,
  file_envoy_extensions_common_ratelimit_v3_ratelimit,
  file_envoy_extensions_common_tap_v3_common,
  file_envoy_extensions_compression_brotli_compressor_v3_brotli,
  file_envoy_extensions_compression_brotli_decompressor_v3_brotli,
  file_envoy_extensions_compression_gzip_compressor_v3_gzip,
  file_envoy_extensions_compression_gzip_decompressor_v3_gzip,
  file_envoy_extensions_compression_zstd_compressor_v3_zstd,
  file_envoy_extensions_compression_zstd_decompressor_v3_zstd,
  file_envoy_extensions_formatter_metadata_v3_metadata,
  file_envoy_extensions_formatter_req_without_query_v3_req_without_query,
  file_envoy_extensions_http_header_formatters_preserve_case_v3_preserve_case,
  file_envoy_extensions_http_original_ip_detection_custom_header_v3_custom_header,
  file_envoy_extensions_http_original_ip_detection_xff_v3_xff,
  file_envoy_extensions_http_stateful_session_cookie_v3_cookie,
  file_envoy_extensions_http_stateful_session_header_v3_header,
  file_envoy_extensions_internal_redirect_allow_listed_routes_v3_allow_listed_routes_config,
  file_envoy_extensions_internal_redirect_previous_routes_v3_previous_routes_config,
  file_envoy_extensions_internal_redirect_safe_cross_scheme_v3_safe_cross_scheme_config,
  file_envoy_extensions_load_balancing_policies_cluster_provided_v3_cluster_provided,
  file_envoy_extensions_load_balancing_policies_common_v3_common,
  file_envoy_extensions_load_balancing_policies_least_request_v3_least_request,
  file_envoy_extensions_load_balancing_policies_maglev_v3_maglev,
  file_envoy_extensions_load_balancing_policies_random_v3_random,
  file_envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash,
  file_envoy_extensions_load_balancing_policies_round_robin_v3_round_robin,
  file_envoy_extensions_load_balancing_policies_subset_v3_subset,
  file_envoy_extensions_load_balancing_policies_wrr_locality_v3_wrr_locality,
  file_envoy_extensions_matching_common_inputs_network_v3_network_inputs,
  file_envoy_extensions_matching_common_inputs_ssl_v3_ssl_inputs,
  file_envoy_extensions_network_dns_resolver_cares_v3_cares_dns_resolver,
  file_envoy_extensions_network_dns_resolver_getaddrinfo_v3_getaddrinfo_dns_resolver,
  file_envoy_extensions_path_match_uri_template_v3_uri_template_match,
  file_envoy_extensions_path_rewrite_uri_template_v3_uri_template_rewrite,
  file_envoy_extensions_regex_engines_v3_google_re2,
  file_envoy_extensions_request_id_uuid_v3_uuid,
  file_envoy_extensions_resource_monitors_downstream_connections_v3_downstream_connections,
  file_envoy_extensions_resource_monitors_fixed_heap_v3_fixed_heap,
  file_envoy_extensions_retry_host_omit_canary_hosts_v3_omit_canary_hosts,
  file_envoy_extensions_retry_host_omit_host_metadata_v3_omit_host_metadata_config,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config,
  file_envoy_extensions_transport_sockets_internal_upstream_v3_internal_upstream,
  file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol,
  file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
  file_envoy_extensions_transport_sockets_tls_v3_common,
  file_envoy_extensions_transport_sockets_tls_v3_secret,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
];
