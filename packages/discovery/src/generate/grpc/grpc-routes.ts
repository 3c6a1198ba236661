// GrpcRouteInput → RouteConfiguration: what Envoy gets, in the words that gRPC libraries read.
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import {
  type Route,
  RouteAction_MaxStreamDurationSchema,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { create } from '@bufbuild/protobuf';
import type { GrpcRouteInput } from '../../input/grpc/grpc-route-input.ts';
import { generateRoutes } from '../route.ts';
import { CORS_FILTER } from '../route-filters.ts';

export function generateGrpcRoutes({ name, virtualHosts }: GrpcRouteInput): RouteConfiguration {
  const routes = generateRoutes({ name, virtualHosts, direction: 'outbound', ignorePort: false });
  for (const host of routes.virtualHosts) for (const route of host.routes) adapt(route);
  return routes;
}

/** The message is new and nobody else's: it is changed in place. */
function adapt({ action, typedPerFilterConfig }: Route): void {
  // Their clients are no browsers; a filter that they don't know refuses the whole.
  delete typedPerFilterConfig[CORS_FILTER];
  if (action.case !== 'route') return;
  const { timeout, retryPolicy } = action.value;
  // The time of a call is read from here alone.
  if (timeout && (timeout.seconds > 0n || timeout.nanos > 0)) {
    action.value.maxStreamDuration = create(RouteAction_MaxStreamDurationSchema, { maxStreamDuration: timeout });
  }
  if (retryPolicy) retryPolicy.retryHostPredicate = [];
}
