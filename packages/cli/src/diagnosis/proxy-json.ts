// The shapes of Envoy's JSON that the diagnosis reads: protobuf's field names, whatever is a default left out.
import type { JsonObject } from '@bufbuild/protobuf';

export interface MetadataJson {
  readonly filter_metadata?: {
    readonly istio?: { readonly config?: string };
    readonly meltemi?: { readonly source?: string };
  };
}

export interface AddressJson {
  readonly socket_address?: { readonly address?: string; readonly port_value?: number };
  readonly pipe?: { readonly path?: string };
}

export interface TypedConfigJson {
  readonly name?: string;
  readonly typed_config?: JsonObject & { readonly '@type': string };
}

export interface LbEndpointJson {
  readonly endpoint?: { readonly address?: AddressJson; readonly hostname?: string };
  readonly health_status?: string;
  readonly load_balancing_weight?: number;
}

export interface AssignmentJson {
  readonly cluster_name?: string;
  readonly endpoints?: readonly { readonly lb_endpoints?: readonly LbEndpointJson[]; readonly priority?: number }[];
}

export interface ClusterJson {
  readonly name: string;
  readonly type?: string;
  readonly cluster_type?: { readonly name?: string };
  readonly lb_policy?: string;
  readonly metadata?: MetadataJson;
  readonly transport_socket?: TypedConfigJson;
  readonly transport_socket_matches?: readonly { readonly transport_socket?: TypedConfigJson }[];
  readonly eds_cluster_config?: { readonly service_name?: string };
  readonly load_assignment?: AssignmentJson;
}

export interface FilterChainMatchJson {
  readonly destination_port?: number;
  readonly prefix_ranges?: readonly { readonly address_prefix?: string; readonly prefix_len?: number }[];
  readonly server_names?: readonly string[];
  readonly transport_protocol?: string;
  readonly application_protocols?: readonly string[];
}

export interface FilterChainJson {
  readonly filter_chain_match?: FilterChainMatchJson;
  readonly filters?: readonly TypedConfigJson[];
}

export interface HttpManagerJson {
  readonly rds?: { readonly route_config_name?: string };
  readonly route_config?: RouteConfigJson;
  readonly http_filters?: readonly (TypedConfigJson & { readonly disabled?: boolean })[];
  readonly normalize_path?: boolean;
  readonly merge_slashes?: boolean;
  readonly path_with_escaped_slashes_action?: string;
  readonly strip_any_host_port?: boolean;
  readonly strip_matching_host_port?: boolean;
}

export interface TcpProxyJson {
  readonly cluster?: string;
  readonly weighted_clusters?: { readonly clusters?: readonly { readonly name: string; readonly weight?: number }[] };
}

export interface ListenerJson {
  readonly name: string;
  readonly address?: AddressJson;
  readonly filter_chains?: readonly FilterChainJson[];
  readonly default_filter_chain?: FilterChainJson;
  readonly traffic_direction?: string;
}

export interface RouteJson {
  readonly name?: string;
  readonly match?: {
    readonly prefix?: string;
    readonly path?: string;
    readonly safe_regex?: { readonly regex?: string };
    readonly path_separated_prefix?: string;
  };
  readonly route?: { readonly cluster?: string };
  readonly direct_response?: { readonly status?: number };
  readonly metadata?: MetadataJson;
}

export interface VirtualHostJson {
  readonly name?: string;
  readonly domains?: readonly string[];
  readonly routes?: readonly RouteJson[];
}

export interface RouteConfigJson {
  readonly name: string;
  readonly virtual_hosts?: readonly VirtualHostJson[];
}

export interface SecretJson {
  readonly name?: string;
  readonly tls_certificate?: {
    readonly certificate_chain?: { readonly inline_bytes?: string; readonly inline_string?: string };
  };
  readonly validation_context?: {
    readonly trusted_ca?: { readonly inline_bytes?: string; readonly inline_string?: string };
  };
}

/** One entry of `/clusters?format=json`. */
export interface ClusterStatusJson {
  readonly name: string;
  readonly host_statuses?: readonly HostStatusJson[];
}

export interface HostStatusJson {
  readonly address?: AddressJson;
  readonly hostname?: string;
  readonly weight?: number;
  readonly priority?: number;
  readonly health_status?: { readonly eds_health_status?: string; readonly failed_outlier_check?: boolean } & Readonly<
    Record<string, unknown>
  >;
}

/** `host:port`, or a socket's path. */
export function addressText(address: AddressJson | undefined): string {
  const { socket_address: socket, pipe } = address ?? {};
  if (pipe) return `unix://${pipe.path ?? ''}`;
  const host = socket?.address ?? '';
  return `${host.includes(':') ? `[${host}]` : host}:${socket?.port_value ?? 0}`;
}

/** `/apis/networking.istio.io/v1/namespaces/NS/KIND/NAME` → `NAME.NS`; empty for none. */
export function resourceOf(metadata: MetadataJson | undefined): string {
  const config = metadata?.filter_metadata?.istio?.config ?? '';
  const [, namespace, name] = /\/namespaces\/([^/]+)\/[^/]+\/([^/]+)$/.exec(config) ?? [];
  return namespace === undefined ? '' : `${name}.${namespace}`;
}
