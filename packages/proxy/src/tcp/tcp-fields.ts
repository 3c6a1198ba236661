// What becomes of each field of a TcpProxy.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto
import { type FieldRules, refusedField } from '@meltemi/api';
import { type TcpProxy, TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { TcpConfigError } from './tcp-config-error.ts';

export const TCP_PROXY_FIELDS: FieldRules<TcpProxy> = {
  stat_prefix: 'honoured',
  cluster: 'honoured',
  weighted_clusters: 'honoured',
  on_demand: { refused: '' },
  metadata_match: 'honoured',
  idle_timeout: 'honoured',
  downstream_idle_timeout: { refused: 'use idle_timeout' },
  upstream_idle_timeout: { refused: 'use idle_timeout' },
  access_log: 'honoured',
  max_connect_attempts: 'honoured',
  hash_policy: {
    refused: 'filter_state',
    where: ({ hashPolicy }) => hashPolicy.some(({ policySpecifier }) => policySpecifier.case === 'filterState'),
  },
  tunneling_config: 'honoured',
  max_downstream_connection_duration: 'honoured',
  access_log_flush_interval: 'honoured',
  flush_access_log_on_connected: 'honoured',
  access_log_options: 'honoured',
};

/** Throws TcpConfigError. */
export function refuseTcpFields(config: TcpProxy): void {
  const field = refusedField(TcpProxySchema, TCP_PROXY_FIELDS, config);
  if (field !== undefined) throw new TcpConfigError('UNSUPPORTED_FIELD', `tcp_proxy: ${field}`);
}
