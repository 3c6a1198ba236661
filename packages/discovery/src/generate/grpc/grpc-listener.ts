// GrpcListenerInput → Listener: for a client an API listener, for a server its chain.
// https://github.com/grpc/proposal/blob/master/A36-xds-for-servers.md
import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { HTTPFaultSchema } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { RouterSchema } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { GrpcClientInput, GrpcListenerInput, GrpcServerInput } from '../../input/grpc/grpc-listener-input.ts';
import { address } from '../address.ts';
import { httpAuthorization, httpCustomAuthorization } from '../authorization/rbac-filters.ts';
import { adsSource } from '../config-source.ts';
import { FAULT_FILTER } from '../route-filters.ts';
import { grpcServerTls } from './grpc-tls.ts';

const ROUTER = 'envoy.filters.http.router';
const MANAGER = 'envoy.filters.network.http_connection_manager';

export function generateGrpcListener(input: GrpcListenerInput): Listener {
  return input.of === 'grpc-client' ? clientListener(input) : serverListener(input);
}

function clientListener({ name, routeName }: GrpcClientInput): Listener {
  const manager = create(HttpConnectionManagerSchema, {
    routeSpecifier: { case: 'rds', value: { configSource: adsSource(), routeConfigName: routeName } },
    httpFilters: [filter(FAULT_FILTER, HTTPFaultSchema, create(HTTPFaultSchema)), router()],
  });
  return create(ListenerSchema, { name, apiListener: { apiListener: packAny(HttpConnectionManagerSchema, manager) } });
}

function serverListener(input: GrpcServerInput): Listener {
  const { name, mutualTls } = input;
  const value = packAny(HttpConnectionManagerSchema, serverManager(input));
  return create(ListenerSchema, {
    name,
    address: address(input.address),
    filterChains: [
      {
        name: mutualTls ? 'inbound-mtls' : 'inbound-plaintext',
        filters: [{ name: MANAGER, configType: { case: 'typedConfig', value } }],
        ...(mutualTls && { transportSocket: grpcServerTls() }),
      },
    ],
  });
}

/** Filters of one kind need names of their own. A server forwards nothing. */
function serverManager({ authorization }: GrpcServerInput): HttpConnectionManager {
  const rules = [...httpCustomAuthorization(authorization), ...httpAuthorization(authorization)];
  const named = rules.map((rule, index) => ({ ...rule, name: `${rule.name}.${index}` }));
  return create(HttpConnectionManagerSchema, {
    routeSpecifier: {
      case: 'routeConfig',
      value: {
        name: 'inbound',
        virtualHosts: [
          {
            name: 'inbound',
            domains: ['*'],
            routes: [
              {
                match: { pathSpecifier: { case: 'prefix', value: '/' } },
                action: { case: 'nonForwardingAction', value: {} },
              },
            ],
          },
        ],
      },
    },
    httpFilters: [...named, router()],
  });
}

function router(): HttpFilter {
  return filter(ROUTER, RouterSchema, create(RouterSchema));
}

function filter<Desc extends DescMessage>(name: string, schema: Desc, message: MessageShape<Desc>): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: 'typedConfig', value: packAny(schema, message) } });
}
