// The network filters that may stand before the one that ends a chain: a closed set, chosen by the message of their configuration.
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { ConnectionLimitSchema } from '@meltemi/api/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb';
import { ExtAuthzSchema } from '@meltemi/api/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb';
import { LocalRateLimitSchema } from '@meltemi/api/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb';
import { MongoProxySchema } from '@meltemi/api/envoy/extensions/filters/network/mongo_proxy/v3/mongo_proxy_pb';
import { RBACSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { ConfigSchema as SetFilterStateSchema } from '@meltemi/api/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb';
import { SniClusterSchema } from '@meltemi/api/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb';
import { MetadataExchangeSchema } from '@meltemi/api/envoy/tcp/metadataexchange/config/metadata_exchange_pb';
import { PluginConfigSchema } from '@meltemi/api/istio/stats/config_pb';
import type { ListenerParts } from '../listener-parts.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { connectionLimit } from './connection-limit.ts';
import { extAuthz } from './ext-authz/ext-authz.ts';
import { localRateLimit } from './local-rate-limit.ts';
import { mongoProxy } from './mongo-proxy.ts';
import { peerExchange } from './peer-exchange.ts';
import { rbacFilter } from './rbac-filter.ts';
import { setFilterState } from './set-filter-state.ts';
import { sniCluster } from './sni-cluster.ts';
import { tcpMetrics } from './tcp-metrics.ts';

/** Throws a typed error for what can't be honoured. */
type MakeFilter = (config: Uint8Array, parts: ListenerParts) => ConnectionFilter;

export const CONNECTION_FILTERS: Readonly<Record<string, MakeFilter>> = {
  [RBACSchema.typeName]: read(RBACSchema, rbacFilter),
  [ConnectionLimitSchema.typeName]: read(ConnectionLimitSchema, connectionLimit),
  [LocalRateLimitSchema.typeName]: read(LocalRateLimitSchema, localRateLimit),
  [ExtAuthzSchema.typeName]: read(ExtAuthzSchema, extAuthz),
  [SniClusterSchema.typeName]: sniCluster,
  [SetFilterStateSchema.typeName]: read(SetFilterStateSchema, setFilterState),
  [MongoProxySchema.typeName]: read(MongoProxySchema, mongoProxy),
  [MetadataExchangeSchema.typeName]: read(MetadataExchangeSchema, peerExchange),
  [PluginConfigSchema.typeName]: read(PluginConfigSchema, tcpMetrics),
};

function read<Desc extends DescMessage>(
  schema: Desc,
  make: (config: MessageShape<Desc>, parts: ListenerParts) => ConnectionFilter,
): MakeFilter {
  return (config, parts) => make(fromBinary(schema, config), parts);
}
