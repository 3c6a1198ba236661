// Turns what the agent knows of its workload into a bootstrap of Envoy (v3, as JSON).
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto
import type { Labels } from '@meltemi/base';

export type ProxyRole = 'sidecar' | 'router';

export interface BootstrapOptions {
  readonly role: ProxyRole;
  readonly podName: string;
  readonly podNamespace: string;
  readonly serviceAccount: string;
  /** Address of the pod. */
  readonly ip: string;
  /** `NAMESPACE.svc.cluster.local` */
  readonly domain: string;
  /** `--service-cluster`: `APP.NAMESPACE`. */
  readonly serviceCluster: string;
  readonly clusterId: string;
  readonly labels: Labels;
  /** More of the node's metadata, over what follows from the rest. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Port of the proxy's admin server on 127.0.0.1; 0 for any. */
  readonly adminPort: number;
  /** Unix socket where the agent forwards xDS. */
  readonly xdsSocket: string;
  /** Unix socket where the agent serves secrets. */
  readonly sdsSocket: string;
  /** Asks for changes only (`DELTA_GRPC`) in place of the state of the world. */
  readonly delta: boolean;
}

/** A plain JSON value. */
export function bootstrap(options: BootstrapOptions): object {
  return {
    node: { id: nodeId(options), cluster: options.serviceCluster, metadata: nodeMetadata(options) },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: options.adminPort } } },
    stats_config: { use_all_default_tags: true },
    dynamic_resources: {
      ads_config: {
        api_type: options.delta ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
      cds_config: overAds(),
      lds_config: overAds(),
    },
    static_resources: {
      clusters: [socketCluster('xds-grpc', options.xdsSocket), socketCluster('sds-grpc', options.sdsSocket)],
    },
  };
}

/** `ROLE~IP~POD.NAMESPACE~DOMAIN`: how Pilot knows whose proxy asks. */
export function nodeId({ role, ip, podName, podNamespace, domain }: BootstrapOptions): string {
  return [role, ip, `${podName}.${podNamespace}`, domain].join('~');
}

function nodeMetadata(options: BootstrapOptions): object {
  return {
    NAME: options.podName,
    NAMESPACE: options.podNamespace,
    SERVICE_ACCOUNT: options.serviceAccount,
    LABELS: options.labels,
    CLUSTER_ID: options.clusterId,
    INSTANCE_IPS: options.ip,
    INTERCEPTION_MODE: 'NONE',
    ...options.metadata,
  };
}

/** Waits for the first answer however long it takes: starting on nothing would refuse traffic that is allowed. */
function overAds(): object {
  return { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
}

function socketCluster(name: string, path: string): object {
  const endpoint = { endpoint: { address: { pipe: { path } } } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}
