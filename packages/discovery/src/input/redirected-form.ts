// A sidecar to which the network leads its application's connections, without asking the application.
import { INBOUND_SOURCE } from './cluster-input.ts';
import { INBOUND_PASSTHROUGH_CLUSTER, PASSTHROUGH_CLUSTER } from './cluster-name.ts';
import type { ProxyForm } from './proxy-form.ts';
import { redirectedInboundClusters, redirectedInboundListener } from './redirected-inbound.ts';
import { redirectedOutboundListeners } from './redirected-outbound.ts';
import { redirectedRouteInputs } from './redirected-routes.ts';

export const redirectedForm: ProxyForm = {
  clusters: (scope, { mesh }) => [
    ...redirectedInboundClusters(scope, mesh),
    { kind: 'passthrough', name: PASSTHROUGH_CLUSTER, connectTimeoutMs: mesh.connectTimeoutMs, from: '' },
    {
      kind: 'passthrough',
      name: INBOUND_PASSTHROUGH_CLUSTER,
      connectTimeoutMs: mesh.connectTimeoutMs,
      from: INBOUND_SOURCE,
    },
  ],
  ownListeners: (scope, snapshot) => [redirectedInboundListener(scope, snapshot)],
  sharedListeners: (scope, snapshot) => redirectedOutboundListeners(scope, snapshot),
  routes: (scope, { mesh }) => redirectedRouteInputs(scope, mesh),
};
