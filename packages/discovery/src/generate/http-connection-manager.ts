// Writes the HTTP connection manager of a listener: the order of its filters, what it trusts, what it says.
import { create, type DescMessage } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { CorsSchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { FilterConfigSchema as GrpcStatsSchema } from '@meltemi/api/envoy/extensions/filters/http/grpc_stats/v3/config_pb';
import { RouterSchema } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import {
  HttpConnectionManager_ForwardClientCertDetails as ForwardCertificate,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { UuidRequestIdConfigSchema } from '@meltemi/api/envoy/extensions/request_id/uuid/v3/uuid_pb';
import { type Filter, FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { msToDuration } from '@meltemi/base';
import { NO_AUTHORIZATION } from '../input/authorization-rules.ts';
import type { ListenerInput, TrafficInput } from '../input/listener-input.ts';
import type { PathNormalization } from '../mesh.ts';
import { accessLogs } from './access-log.ts';
import { httpAuthorization, httpCustomAuthorization } from './authorization/rbac-filters.ts';
import { adsSource } from './config-source.ts';
import { jwtFilter } from './jwt-filter.ts';
import { mixerFilter } from './mixer-filter.ts';
import { mixerServiceFilters, mixerServiceLog } from './mixer-services.ts';
import { rateLimitFilters } from './rate-limit-filters.ts';
import { generateRoutes } from './route.ts';
import { CORS_FILTER, FAULT_FILTER } from './route-filters.ts';
import { httpStats, peerMetadata } from './telemetry/stats-filter.ts';
import { managerTracing } from './telemetry/tracing.ts';

/** How sidecars and gateways of Istio call themselves to clients. */
const SERVER_NAME = 'istio-envoy';

export interface ManagerInput {
  readonly listener: ListenerInput;
  readonly statPrefix: string;
  readonly traffic: Exclude<TrafficInput, { kind: 'tcp' }>;
}

export function httpConnectionManager({ listener, statPrefix, traffic }: ManagerInput): Filter {
  const { direction, accessLog = [], stats = [], tracing, mixer } = listener;
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix,
    routeSpecifier: routeSpecifier(traffic),
    httpFilters: [
      ...(stats.length > 0 || mixer?.by === 'filter' ? [peerMetadata(direction)] : []),
      ...securityFilters(listener),
      ...rateLimitFilters(listener.rateLimits),
      ...mixerFilters(mixer),
      grpcStats(),
      httpFilter(FAULT_FILTER, HTTPFaultSchema),
      httpFilter(CORS_FILTER, CorsSchema),
      ...httpStats(stats),
      httpFilter('envoy.filters.http.router', RouterSchema),
    ],
    accessLog: [...accessLogs(accessLog), ...(mixer?.by === 'services' ? mixerServiceLog(mixer) : [])],
    ...(tracing && { tracing: managerTracing(tracing) }),
    ...trust(direction),
    requestIdExtension: requestIds(tracing?.sampledInRequestId ?? true),
    proxy100Continue: true,
    ...paths(listener.pathNormalization ?? 'BASE'),
    // How long a stream may be silent is the route's and the application's to say.
    streamIdleTimeout: msToDuration(0),
    upgradeConfigs: [{ upgradeType: 'websocket' }],
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: packAny(HttpConnectionManagerSchema, manager) },
  });
}

function mixerFilters(mixer: ListenerInput['mixer']): HttpFilter[] {
  if (!mixer) return [];
  return mixer.by === 'filter' ? [mixerFilter(mixer)] : mixerServiceFilters(mixer);
}

/** In Istio's order: who decides elsewhere is asked before tokens are read, the mesh's own rules after. */
function securityFilters({
  authorization = NO_AUTHORIZATION,
  tokenRules = [],
  direction,
}: ListenerInput): HttpFilter[] {
  return [
    ...httpCustomAuthorization(authorization),
    ...jwtFilter(tokenRules, direction === 'gateway'),
    ...httpAuthorization(authorization),
  ];
}

/** Who the client is, is for the edge to say; sidecars pass on what they hear from it. */
function trust(direction: ListenerInput['direction']) {
  const setCurrentClientCertDetails = { subject: true, dns: true, uri: true };
  switch (direction) {
    case 'inbound':
      return {
        useRemoteAddress: false,
        forwardClientCertDetails: ForwardCertificate.APPEND_FORWARD,
        setCurrentClientCertDetails,
        serverName: SERVER_NAME,
      };
    case 'outbound':
      return { useRemoteAddress: false, forwardClientCertDetails: ForwardCertificate.SANITIZE };
    case 'gateway':
      return {
        useRemoteAddress: true,
        forwardClientCertDetails: ForwardCertificate.SANITIZE_SET,
        setCurrentClientCertDetails: { ...setCurrentClientCertDetails, cert: true },
        serverName: SERVER_NAME,
        httpProtocolOptions: {},
      };
  }
}

/** Each way does what the one before it does. */
function paths(way: PathNormalization) {
  const decodes = way === 'DECODE_AND_MERGE_SLASHES';
  return {
    normalizePath: way !== 'NONE',
    mergeSlashes: decodes || way === 'MERGE_SLASHES',
    pathWithEscapedSlashesAction: decodes ? EscapedSlashes.UNESCAPE_AND_FORWARD : EscapedSlashes.KEEP_UNCHANGED,
  };
}

function routeSpecifier(traffic: ManagerInput['traffic']) {
  if (traffic.kind === 'inline-routes') {
    return { case: 'routeConfig' as const, value: generateRoutes(traffic.routes) };
  }
  return { case: 'rds' as const, value: { configSource: adsSource(), routeConfigName: traffic.routeName } };
}

function httpFilter(name: string, schema: DescMessage, config = create(schema)): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: 'typedConfig', value: packAny(schema, config) } });
}

/** Messages of gRPC are counted, and told to access logs, but not by method. */
function grpcStats(): HttpFilter {
  const config = create(GrpcStatsSchema, {
    emitFilterState: true,
    perMethodStatSpecifier: { case: 'statsForAllMethods', value: { value: false } },
  });
  return httpFilter('envoy.filters.http.grpc_stats', GrpcStatsSchema, config);
}

/** An id says whether its request is traced. */
function requestIds(useRequestIdForTraceSampling: boolean) {
  const config = create(UuidRequestIdConfigSchema, { useRequestIdForTraceSampling });
  return { typedConfig: packAny(UuidRequestIdConfigSchema, config) };
}
