// What becomes of each field of a RouteConfiguration and of what is in it.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
import { type FieldRules, refusedField } from '@meltemi/api';
import { type RouteConfiguration, RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import {
  type Route,
  type RouteAction,
  RouteActionSchema,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
  type WeightedCluster,
  type WeightedCluster_ClusterWeight as ClusterWeight,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { DecideError } from './decide-error.ts';

const HEADER_FIELDS = {
  request_headers_to_add: 'honoured',
  request_headers_to_remove: 'honoured',
  response_headers_to_add: 'honoured',
  response_headers_to_remove: 'honoured',
} as const;

export const ROUTE_CONFIGURATION_FIELDS: FieldRules<RouteConfiguration> = {
  ...HEADER_FIELDS,
  name: 'honoured',
  virtual_hosts: 'honoured',
  vhds: { refused: 'whoever compiles the table gives it the virtual hosts' },
  internal_only_headers: { refused: '' },
  most_specific_header_mutations_wins: 'honoured',
  validate_clusters: 'honoured',
  max_direct_response_body_size_bytes: 'honoured',
  cluster_specifier_plugins: {
    refused: 'one that is not optional',
    where: ({ clusterSpecifierPlugins }) => clusterSpecifierPlugins.some(({ isOptional }) => !isOptional),
  },
  request_mirror_policies: 'honoured',
  ignore_port_in_host_matching: 'honoured',
  ignore_path_parameters_in_path_matching: 'honoured',
  typed_per_filter_config: 'honoured',
  metadata: { harmless: 'nothing asks for it by the whole table' },
};

export const VIRTUAL_HOST_FIELDS: FieldRules<VirtualHost> = {
  ...HEADER_FIELDS,
  name: 'honoured',
  domains: 'honoured',
  routes: 'honoured',
  matcher: 'honoured',
  require_tls: 'honoured',
  virtual_clusters: 'honoured',
  rate_limits: 'honoured',
  cors: 'honoured',
  typed_per_filter_config: 'honoured',
  include_request_attempt_count: 'honoured',
  include_attempt_count_in_response: 'honoured',
  retry_policy: 'honoured',
  retry_policy_typed_config: { refused: '' },
  hedge_policy: 'honoured',
  include_is_timeout_retry_header: 'honoured',
  per_request_buffer_limit_bytes: 'honoured',
  request_mirror_policies: 'honoured',
  metadata: 'honoured',
};

export const ROUTE_FIELDS: FieldRules<Route> = {
  ...HEADER_FIELDS,
  name: 'honoured',
  match: 'honoured',
  route: 'honoured',
  redirect: 'honoured',
  direct_response: 'honoured',
  filter_action: { refused: '' },
  non_forwarding_action: { refused: '' },
  metadata: 'honoured',
  decorator: 'honoured',
  typed_per_filter_config: 'honoured',
  tracing: 'honoured',
  per_request_buffer_limit_bytes: 'honoured',
  stat_prefix: 'honoured',
};

export const ROUTE_ACTION_FIELDS: FieldRules<RouteAction> = {
  cluster: 'honoured',
  cluster_header: 'honoured',
  weighted_clusters: 'honoured',
  cluster_specifier_plugin: 'honoured',
  inline_cluster_specifier_plugin: 'honoured',
  cluster_not_found_response_code: 'honoured',
  metadata_match: 'honoured',
  prefix_rewrite: 'honoured',
  regex_rewrite: 'honoured',
  path_rewrite_policy: 'honoured',
  host_rewrite_literal: 'honoured',
  auto_host_rewrite: 'honoured',
  host_rewrite_header: 'honoured',
  host_rewrite_path_regex: 'honoured',
  append_x_forwarded_host: 'honoured',
  timeout: 'honoured',
  idle_timeout: 'honoured',
  early_data_policy: { harmless: 'requests in early data come by HTTP/3 only' },
  retry_policy: 'honoured',
  retry_policy_typed_config: { refused: '' },
  request_mirror_policies: 'honoured',
  priority: 'honoured',
  rate_limits: 'honoured',
  include_vh_rate_limits: 'honoured',
  hash_policy: 'honoured',
  cors: 'honoured',
  max_grpc_timeout: 'honoured',
  grpc_timeout_offset: 'honoured',
  upgrade_configs: 'honoured',
  internal_redirect_policy: 'honoured',
  internal_redirect_action: 'honoured',
  max_internal_redirects: 'honoured',
  hedge_policy: 'honoured',
  max_stream_duration: 'honoured',
};

export const WEIGHTED_CLUSTER_FIELDS: FieldRules<WeightedCluster> = {
  clusters: 'honoured',
  total_weight: { harmless: 'the sum of the weights counts, as in Envoy' },
  runtime_key_prefix: { harmless: 'weights are those of the configuration: there is no runtime layer' },
  header_name: 'honoured',
};

export const CLUSTER_WEIGHT_FIELDS: FieldRules<ClusterWeight> = {
  ...HEADER_FIELDS,
  name: 'honoured',
  cluster_header: 'honoured',
  weight: 'honoured',
  metadata_match: 'honoured',
  typed_per_filter_config: 'honoured',
  host_rewrite_literal: 'honoured',
};

/** Throws DecideError UNSUPPORTED. */
export function refuseTableFields(config: RouteConfiguration): void {
  refuse(RouteConfigurationSchema, ROUTE_CONFIGURATION_FIELDS, config, `route configuration ${config.name}: `);
}

/** Throws DecideError UNSUPPORTED. */
export function refuseHostFields(host: VirtualHost): void {
  refuse(VirtualHostSchema, VIRTUAL_HOST_FIELDS, host);
}

/** Throws DecideError UNSUPPORTED. */
export function refuseRouteFields(route: Route): void {
  refuse(RouteSchema, ROUTE_FIELDS, route);
  if (route.action.case === 'route') refuse(RouteActionSchema, ROUTE_ACTION_FIELDS, route.action.value);
}

function refuse<Desc extends DescMessage>(
  schema: Desc,
  rules: FieldRules<MessageShape<Desc>>,
  message: MessageShape<Desc>,
  place = '',
): void {
  const field = refusedField(schema, rules, message);
  if (field !== undefined) throw new DecideError('UNSUPPORTED', `${place}${field}`);
}
