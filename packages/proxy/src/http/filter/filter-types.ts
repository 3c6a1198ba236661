// The kinds of HTTP filters that the proxy has, by the message that configures them.
import { ACCESS_FILTER } from './access-filter.ts';
import { BUFFER_FILTER } from './buffer-filter.ts';
import { CORS_FILTER } from './cors-filter.ts';
import { FAULT_FILTER } from './fault-filter.ts';
import type { HttpFilterType } from './filter-type.ts';
import { ALPN_FILTER } from '../../istio/alpn-filter.ts';
import { PEER_METADATA_FILTER } from '../../istio/peer-metadata-filter.ts';
import { ISTIO_STATS_FILTER } from '../../istio/stats/istio-stats-filter.ts';
import { HEADER_MUTATION_FILTER } from './header-mutation-filter.ts';
import { HEALTH_CHECK_FILTER } from './health-check-filter.ts';
import { SET_METADATA_FILTER } from './set-metadata-filter.ts';
import { GRPC_STATS_FILTER } from './grpc-stats/grpc-stats-filter.ts';

export const httpFilterTypes: readonly HttpFilterType[] = [
  ACCESS_FILTER,
  ALPN_FILTER,
  BUFFER_FILTER,
  CORS_FILTER,
  FAULT_FILTER,
  GRPC_STATS_FILTER,
  HEADER_MUTATION_FILTER,
  HEALTH_CHECK_FILTER,
  ISTIO_STATS_FILTER,
  PEER_METADATA_FILTER,
  SET_METADATA_FILTER,
];

const BY_NAME: ReadonlyMap<string, HttpFilterType> = new Map(httpFilterTypes.map((type) => [type.typeName, type]));

/** `typeName`: a message's full name. */
export function httpFilterType(typeName: string): HttpFilterType | undefined {
  return BY_NAME.get(typeName);
}
