// The documents of Envoy's v1 API, with their members in the order in which Pilot wrote them.
// https://www.envoyproxy.io/docs/envoy/v1.5.0/api-v1/api

export interface HostDocument {
  readonly ip_address: string;
  readonly port: number;
  readonly tags?: { readonly az: string };
}

export interface ClusterDocument {
  readonly name: string;
  readonly service_name?: string;
  readonly connect_timeout_ms: number;
  readonly type: 'static' | 'strict_dns' | 'sds' | 'original_dst';
  readonly lb_type: 'round_robin' | 'least_request' | 'random' | 'original_dst_lb';
  readonly max_requests_per_connection?: number;
  readonly hosts?: readonly { readonly url: string }[];
  readonly ssl_context?: ClientTlsDocument | Readonly<Record<string, never>>;
  readonly features?: 'http2';
  readonly circuit_breakers?: { readonly default: CircuitBreakerDocument };
  readonly outlier_detection?: OutlierDetectionDocument;
}

export interface ClientTlsDocument {
  readonly cert_chain_file: string;
  readonly private_key_file: string;
  readonly ca_cert_file: string;
  readonly verify_subject_alt_name: readonly string[];
}

export interface CircuitBreakerDocument {
  readonly max_connections?: number;
  readonly max_pending_requests?: number;
  readonly max_requests?: number;
  readonly max_retries?: number;
}

export interface OutlierDetectionDocument {
  readonly consecutive_5xx?: number;
  readonly interval_ms?: number;
  readonly base_ejection_time_ms?: number;
  readonly max_ejection_percent?: number;
}

/** `regex`: the value is a regular expression for all of the header. */
export interface HeaderMatchDocument {
  readonly name: string;
  readonly value: string;
  readonly regex?: true;
}

export interface RouteDocument {
  readonly path?: string;
  readonly prefix?: string;
  readonly regex?: string;
  readonly prefix_rewrite?: string;
  readonly host_rewrite?: string;
  readonly path_redirect?: string;
  readonly host_redirect?: string;
  readonly cluster?: string;
  readonly weighted_clusters?: { readonly clusters: readonly { readonly name: string; readonly weight: number }[] };
  readonly headers?: readonly HeaderMatchDocument[];
  readonly timeout_ms?: number;
  readonly retry_policy?: RetryDocument;
  readonly opaque_config?: Readonly<Record<string, string>>;
  readonly auto_host_rewrite?: true;
  readonly use_websocket?: true;
  readonly shadow?: { readonly cluster: string };
  readonly request_headers_to_add?: readonly { readonly key: string; readonly value: string }[];
}

export interface RetryDocument {
  readonly retry_on: string;
  readonly num_retries: number;
  readonly per_try_timeout_ms?: number;
}

export interface VirtualHostDocument {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly RouteDocument[];
}

export interface RouteConfigDocument {
  readonly virtual_hosts: readonly VirtualHostDocument[];
}

export interface FilterDocument {
  readonly type: 'read' | 'both' | 'decoder';
  readonly name: string;
  readonly config: object;
}

export interface ListenerTlsDocument {
  readonly cert_chain_file: string;
  readonly private_key_file: string;
  readonly ca_cert_file?: string;
  readonly require_client_certificate: boolean;
}

/** Listeners had no name before 0.2. */
export interface ListenerDocument {
  readonly address: string;
  readonly name?: string;
  readonly filters: readonly FilterDocument[];
  readonly ssl_context?: ListenerTlsDocument;
  readonly bind_to_port: boolean;
  readonly use_original_dst?: true;
}
