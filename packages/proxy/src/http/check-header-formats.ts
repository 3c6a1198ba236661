// Checks that the commands in a route configuration's header values can be honoured, arguments included.
import type { HeaderValueOption } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { Route } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { routesOf } from '@meltemi/decide';
import { compileLogValue } from '@meltemi/telemetry';

/** Who carries header operations. */
interface Carrier {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
}

/** Throws AccessLogError, which names the command. */
export function checkHeaderFormats(config: RouteConfiguration): void {
  checkCarrier(config);
  for (const host of config.virtualHosts) {
    checkCarrier(host);
    for (const route of routesOf(host)) for (const carrier of carriersOf(route)) checkCarrier(carrier);
  }
}

function carriersOf(route: Route): readonly Carrier[] {
  const specifier = route.action.case === 'route' ? route.action.value.clusterSpecifier : undefined;
  return specifier?.case === 'weightedClusters' ? [route, ...specifier.value.clusters] : [route];
}

function checkCarrier({ requestHeadersToAdd, responseHeadersToAdd }: Carrier): void {
  for (const { header } of [...requestHeadersToAdd, ...responseHeadersToAdd]) {
    if (header?.value.includes('%')) compileLogValue(header.value, { hostname: '' });
  }
}
