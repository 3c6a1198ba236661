// The kinds of HTTP filters that the proxy has, by the message that configures them.
import { ACCESS_FILTER } from './access-filter.ts';
import { ADAPTIVE_CONCURRENCY_FILTER } from './adaptive-concurrency/adaptive-concurrency-filter.ts';
import { ADMISSION_CONTROL_FILTER } from './admission-control/admission-control-filter.ts';
import { TAP_FILTER } from '../../tap/tap-filter.ts';
import { BUFFER_FILTER } from './buffer-filter.ts';
import { COMPRESSOR_FILTER } from './compressor/compressor-filter.ts';
import { CORS_FILTER } from './cors-filter.ts';
import { DECOMPRESSOR_FILTER } from './decompressor/decompressor-filter.ts';
import { FAULT_FILTER } from './fault-filter.ts';
import type { HttpFilterType } from './filter-type.ts';
import { ALPN_FILTER } from '../../istio/alpn-filter.ts';
import { PEER_METADATA_FILTER } from '../../istio/peer-metadata-filter.ts';
import { ISTIO_STATS_FILTER } from '../../istio/stats/istio-stats-filter.ts';
import { HEADER_MUTATION_FILTER } from './header-mutation-filter.ts';
import { MIXER_FILTER } from './mixer/mixer-filter.ts';
import { HEALTH_CHECK_FILTER } from './health-check-filter.ts';
import { JWT_AUTHN_FILTER } from './jwt-authn/jwt-authn-filter.ts';
import { EXT_AUTHZ_FILTER } from './ext-authz/ext-authz-filter.ts';
import { ON_DEMAND_FILTER } from './on-demand-filter.ts';
import { SET_FILTER_STATE_FILTER } from './set-filter-state-filter.ts';
import { SET_METADATA_FILTER } from './set-metadata-filter.ts';
import { RATE_LIMIT_FILTER } from './rate-limit/rate-limit-filter.ts';
import { STATEFUL_SESSION_FILTER } from './stateful-session/stateful-session-filter.ts';
import { LOCAL_RATE_LIMIT_FILTER } from './local-rate-limit/local-rate-limit-filter.ts';
import { GRPC_WEB_FILTER } from './grpc-web/grpc-web-filter.ts';
import { GRPC_STATS_FILTER } from './grpc-stats/grpc-stats-filter.ts';

export const httpFilterTypes: readonly HttpFilterType[] = [
  ACCESS_FILTER,
  ADAPTIVE_CONCURRENCY_FILTER,
  ADMISSION_CONTROL_FILTER,
  ALPN_FILTER,
  BUFFER_FILTER,
  COMPRESSOR_FILTER,
  CORS_FILTER,
  DECOMPRESSOR_FILTER,
  EXT_AUTHZ_FILTER,
  FAULT_FILTER,
  GRPC_STATS_FILTER,
  GRPC_WEB_FILTER,
  HEADER_MUTATION_FILTER,
  HEALTH_CHECK_FILTER,
  ISTIO_STATS_FILTER,
  JWT_AUTHN_FILTER,
  LOCAL_RATE_LIMIT_FILTER,
  MIXER_FILTER,
  ON_DEMAND_FILTER,
  PEER_METADATA_FILTER,
  RATE_LIMIT_FILTER,
  STATEFUL_SESSION_FILTER,
  SET_FILTER_STATE_FILTER,
  SET_METADATA_FILTER,
  TAP_FILTER,
];

const BY_NAME: ReadonlyMap<string, HttpFilterType> = new Map(httpFilterTypes.map((type) => [type.typeName, type]));

/** `typeName`: a message's full name. */
export function httpFilterType(typeName: string): HttpFilterType | undefined {
  return BY_NAME.get(typeName);
}
