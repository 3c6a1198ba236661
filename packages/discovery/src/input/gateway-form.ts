// A gateway: it listens for the servers of the Gateways that it stands for.
import { gatewayListenerInputs } from './gateway-listener-inputs.ts';
import { gatewayRouteInputs } from './gateway-route-inputs.ts';
import { serverNameClusters } from './server-name-clusters.ts';
import type { ProxyForm } from './proxy-form.ts';

export const gatewayForm: ProxyForm = {
  clusters: (scope, snapshot) => serverNameClusters(scope, snapshot),
  ownListeners: (scope, { mesh }) => gatewayListenerInputs(scope, mesh),
  sharedListeners: () => [],
  routes: (scope, { mesh }) => gatewayRouteInputs(scope, mesh),
};
