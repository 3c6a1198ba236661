// Carries Redis connections to one cluster as they are, and counts what clients ask and servers answer.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/redis_proxy_filter
import { create } from '@bufbuild/protobuf';
import type { RedisProxy } from '@meltemi/api/envoy/extensions/filters/network/redis_proxy/v3/redis_proxy_pb';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { TcpObserver } from '../../../tcp/tcp-observer.ts';
import { ListenerConfigError } from '../../listener-config-error.ts';
import type { ListenerParts } from '../../listener-parts.ts';
import type { FilterPlace } from '../filter-place.ts';
import { tcpFilter } from '../tcp-terminal.ts';
import type { Reception, TerminalFilter } from '../terminal-filter.ts';
import { TransportLayer } from '../transport-layer.ts';
import { RedisStats } from './redis-stats.ts';
import { RedisTap } from './redis-tap.ts';

/** Throws ListenerConfigError for what would change the traffic: a connection goes to one cluster, as it is. */
export function redisFilter(
  config: RedisProxy,
  observers: readonly TcpObserver[],
  place: FilterPlace,
  parts: ListenerParts,
): TerminalFilter {
  const { statPrefix } = config;
  const tcp = create(TcpProxySchema, {
    statPrefix,
    clusterSpecifier: { case: 'cluster', value: soleCluster(config) },
  });
  const carrier = tcpFilter(tcp, observers, place, parts);
  const stats = new RedisStats(parts.stats, statPrefix);
  const tapped = (reception: Reception): Reception => ({
    accept(transport, localUris, entry) {
      reception.accept(new TransportLayer(transport, () => new RedisTap(stats, parts.clock)), localUris, entry);
    },
  });
  return {
    ...tapped(carrier),
    expect: () => tapped(carrier.expect?.() ?? carrier),
    ready: true,
    get openConnections() {
      return carrier.openConnections;
    },
    drain: () => carrier.drain(),
    closeIdle: () => carrier.closeIdle(),
    close() {
      carrier.close();
      stats.close();
    },
  };
}

function soleCluster(config: RedisProxy): string {
  const { prefixRoutes, downstreamAuthPassword, downstreamAuthPasswords, downstreamAuthUsername, faults } = config;
  const unsupported = [
    (prefixRoutes?.routes.length ?? 0) > 0 && 'prefix_routes.routes',
    downstreamAuthPassword && 'downstream_auth_password',
    downstreamAuthPasswords.length > 0 && 'downstream_auth_passwords',
    downstreamAuthUsername && 'downstream_auth_username',
    faults.length > 0 && 'faults',
    (prefixRoutes?.catchAllRoute?.requestMirrorPolicy.length ?? 0) > 0 && 'request_mirror_policy',
  ].find((field) => typeof field === 'string');
  if (unsupported) throw new ListenerConfigError('UNSUPPORTED_FIELD', `redis_proxy: ${unsupported} is not supported`);
  const cluster = prefixRoutes?.catchAllRoute?.cluster;
  if (!cluster)
    throw new ListenerConfigError('BAD_FILTER_CHAIN', 'redis_proxy: prefix_routes.catch_all_route names no cluster');
  return cluster;
}
