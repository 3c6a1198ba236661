// The file that the agent of Istio 0.2 gave its Envoy (v1 JSON): where listeners, routes, clusters and endpoints are asked for.
// https://www.envoyproxy.io/docs/envoy/v1.5.0/configuration/overview/v1_overview

/** The settings of a ProxyConfig of 0.2. Addresses are `host:port`; empty: none. Times in milliseconds. */
export interface V1ProxyConfig {
  readonly discoveryAddress: string;
  readonly discoveryRefreshDelayMs: number;
  readonly connectTimeoutMs: number;
  readonly proxyAdminPort: number;
  readonly zipkinAddress: string;
  readonly statsdUdpAddress: string;
}

/** Two blanks an indent, members in the order of 0.2. */
export function v1BootstrapText(config: V1ProxyConfig): string {
  return JSON.stringify(v1Bootstrap(config), undefined, 2);
}

function v1Bootstrap(config: V1ProxyConfig): object {
  const discovery = (name: string): object => dnsCluster(name, config.discoveryAddress, config);
  const refresh = { refresh_delay_ms: config.discoveryRefreshDelayMs };
  const traced = config.zipkinAddress !== '';
  return {
    listeners: [],
    lds: { cluster: 'lds', ...refresh },
    admin: { access_log_path: '/dev/stdout', address: `tcp://127.0.0.1:${config.proxyAdminPort}` },
    cluster_manager: {
      clusters: [
        discovery('rds'),
        discovery('lds'),
        ...(traced ? [dnsCluster('zipkin', config.zipkinAddress, config)] : []),
      ],
      sds: { cluster: discovery('sds'), ...refresh },
      cds: { cluster: discovery('cds'), ...refresh },
    },
    ...(config.statsdUdpAddress !== '' && { statsd_udp_ip_address: config.statsdUdpAddress }),
    ...(traced && { tracing: { http: { driver: ZIPKIN } } }),
  };
}

const ZIPKIN = { type: 'zipkin', config: { collector_cluster: 'zipkin', collector_endpoint: '/api/v1/spans' } };

function dnsCluster(name: string, address: string, { connectTimeoutMs }: V1ProxyConfig): object {
  return {
    name,
    connect_timeout_ms: connectTimeoutMs,
    type: 'strict_dns',
    lb_type: 'round_robin',
    hosts: [{ url: `tcp://${address}` }],
  };
}
