// What becomes of each field of an HttpConnectionManager.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
import { type FieldRules, refusedField, unpackAny } from '@meltemi/api';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { UuidRequestIdConfigSchema } from '@meltemi/api/envoy/extensions/request_id/uuid/v3/uuid_pb';
import { FilterConfigError } from './http-config-error.ts';

export const MANAGER_FIELDS: FieldRules<HttpConnectionManager> = {
  codec_type: 'honoured',
  stat_prefix: 'honoured',
  rds: 'honoured',
  route_config: 'honoured',
  scoped_routes: { refused: '' },
  http_filters: 'honoured',
  add_user_agent: { refused: 'no user-agent is made up', where: ({ addUserAgent }) => addUserAgent === true },
  tracing: 'honoured',
  common_http_protocol_options: 'honoured',
  http_protocol_options: 'honoured',
  http2_protocol_options: 'honoured',
  http3_protocol_options: { harmless: 'the codec itself is refused' },
  server_name: 'honoured',
  server_header_transformation: 'honoured',
  scheme_header_transformation: { refused: '' },
  max_request_headers_kb: 'honoured',
  stream_idle_timeout: 'honoured',
  request_timeout: 'honoured',
  request_headers_timeout: 'honoured',
  drain_timeout: { harmless: 'a connection that drains ends with the last of its streams' },
  delayed_close_timeout: 'honoured',
  access_log: 'honoured',
  access_log_flush_interval: 'honoured',
  flush_access_log_on_new_request: 'honoured',
  access_log_options: 'honoured',
  use_remote_address: 'honoured',
  xff_num_trusted_hops: 'honoured',
  original_ip_detection_extensions: { refused: 'use xff_num_trusted_hops' },
  early_header_mutation_extensions: { refused: 'use the filter header_mutation' },
  internal_address_config: 'honoured',
  skip_xff_append: 'honoured',
  via: 'honoured',
  generate_request_id: 'honoured',
  preserve_external_request_id: 'honoured',
  always_set_request_id_in_response: 'honoured',
  forward_client_cert_details: 'honoured',
  set_current_client_cert_details: {
    refused: 'chain',
    where: ({ setCurrentClientCertDetails }) => setCurrentClientCertDetails?.chain === true,
  },
  proxy_100_continue: 'honoured',
  represent_ipv4_remote_address_as_ipv4_mapped_ipv6: { refused: '' },
  upgrade_configs: {
    refused: 'filters of their own',
    where: ({ upgradeConfigs }) => upgradeConfigs.some(({ filters }) => filters.length > 0),
  },
  normalize_path: 'honoured',
  merge_slashes: 'honoured',
  path_with_escaped_slashes_action: 'honoured',
  request_id_extension: { refused: 'only UUIDs that tell whether the request is traced', where: otherRequestIds },
  local_reply_config: 'honoured',
  strip_matching_host_port: 'honoured',
  strip_any_host_port: 'honoured',
  stream_error_on_invalid_http_message: {
    refused: 'a message that breaks the rules ends its connection',
    where: ({ streamErrorOnInvalidHttpMessage }) => streamErrorOnInvalidHttpMessage === true,
  },
  path_normalization_options: { harmless: 'Envoy does not have it either' },
  strip_trailing_host_dot: 'honoured',
  proxy_status_config: { refused: '' },
  typed_header_validation_config: { refused: '' },
  append_x_forwarded_port: 'honoured',
  append_local_overload: { refused: '' },
  add_proxy_protocol_connection_state: { harmless: 'the state of PROXY protocol is its connection’s either way' },
};

/** Throws FilterConfigError. */
export function refuseManagerFields(config: HttpConnectionManager): void {
  const field = refusedField(HttpConnectionManagerSchema, MANAGER_FIELDS, config);
  if (field !== undefined) throw new FilterConfigError('UNSUPPORTED_FIELD', field);
}

/** Envoy's defaults, said in words, ask for nothing else. */
function otherRequestIds({ requestIdExtension }: HttpConnectionManager): boolean {
  const config = unpackAny(requestIdExtension?.typedConfig, UuidRequestIdConfigSchema);
  return config === undefined || config.packTraceReason === false;
}
