// A gateway: it listens for the servers of the Gateways that it stands for.
import { gatewayListenerInputs } from './gateway-listener-inputs.ts';
import { gatewayRouteInputs } from './gateway-route-inputs.ts';
import type { ProxyForm } from './proxy-form.ts';

export const gatewayForm: ProxyForm = {
  clusters: () => [],
  listeners: (scope, { mesh }) => gatewayListenerInputs(scope, mesh),
  routes: (scope, { mesh }) => gatewayRouteInputs(scope, mesh),
};
