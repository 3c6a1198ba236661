// Writes the HTTP connection manager of a listener: the order of its filters, what it trusts, what it says.
import { create, type DescMessage } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { CorsSchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { RouterSchema } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import {
  HttpConnectionManager_ForwardClientCertDetails as ForwardCertificate,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { type Filter, FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { msToDuration } from '@meltemi/base';
import type { AuthorizationInput } from '../input/authorization-rules.ts';
import type { AccessLogInput, TrafficInput } from '../input/listener-input.ts';
import { accessLogs } from './access-log.ts';
import { httpAuthorization } from './authorization/rbac-filters.ts';
import { adsSource } from './config-source.ts';
import { generateRoutes } from './route.ts';
import { CORS_FILTER, FAULT_FILTER } from './route-filters.ts';

export interface ManagerInput {
  readonly direction: 'inbound' | 'outbound' | 'gateway';
  readonly statPrefix: string;
  readonly traffic: Exclude<TrafficInput, { kind: 'tcp' }>;
  readonly accessLog: AccessLogInput;
  readonly authorization: AuthorizationInput;
}

export function httpConnectionManager(input: ManagerInput): Filter {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: input.statPrefix,
    routeSpecifier: routeSpecifier(input.traffic),
    httpFilters: [
      ...httpAuthorization(input.authorization),
      httpFilter(CORS_FILTER, CorsSchema),
      httpFilter(FAULT_FILTER, HTTPFaultSchema),
      httpFilter('envoy.filters.http.router', RouterSchema),
    ],
    accessLog: accessLogs(input.accessLog),
    ...trust(input.direction),
    generateRequestId: true,
    serverName: 'istio-envoy',
    normalizePath: true,
    // How long a stream may be silent is the route's and the application's to say.
    streamIdleTimeout: msToDuration(0),
    upgradeConfigs: [{ upgradeType: 'websocket' }],
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: packAny(HttpConnectionManagerSchema, manager) },
  });
}

/** Who the client is, is for the edge to say; sidecars pass on what they hear from it. */
function trust(direction: ManagerInput['direction']) {
  const setCurrentClientCertDetails = { subject: true, dns: true, uri: true };
  switch (direction) {
    case 'inbound':
      return {
        useRemoteAddress: false,
        forwardClientCertDetails: ForwardCertificate.APPEND_FORWARD,
        setCurrentClientCertDetails,
        serverHeaderTransformation: ServerHeader.PASS_THROUGH,
      };
    case 'outbound':
      return { useRemoteAddress: false, forwardClientCertDetails: ForwardCertificate.SANITIZE };
    case 'gateway':
      return {
        useRemoteAddress: true,
        forwardClientCertDetails: ForwardCertificate.SANITIZE_SET,
        setCurrentClientCertDetails,
      };
  }
}

function routeSpecifier(traffic: ManagerInput['traffic']) {
  if (traffic.kind === 'inline-routes') {
    return { case: 'routeConfig' as const, value: generateRoutes(traffic.routes) };
  }
  return { case: 'rds' as const, value: { configSource: adsSource(), routeConfigName: traffic.routeName } };
}

function httpFilter(name: string, schema: DescMessage): HttpFilter {
  return create(HttpFilterSchema, {
    name,
    configType: { case: 'typedConfig', value: packAny(schema, create(schema)) },
  });
}
