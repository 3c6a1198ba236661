// A sidecar to which the network leads its application's connections, without asking the application.
import type { MeshSettings } from '../mesh.ts';
import { type ConnectionPoolInput, INBOUND_SOURCE } from './cluster-input.ts';
import { INBOUND_PASSTHROUGH_CLUSTER, PASSTHROUGH_CLUSTER } from './cluster-name.ts';
import { connectionPoolInput } from './pool-inputs.ts';
import type { ProxyForm } from './proxy-form.ts';
import { redirectedInboundClusters, redirectedInboundListener } from './redirected-inbound.ts';
import { redirectedOutboundListeners } from './redirected-outbound.ts';
import { redirectedRouteInputs } from './redirected-routes.ts';

const PASSED_IDLE_MS = 300_000;

export const redirectedForm: ProxyForm = {
  clusters: (scope, { mesh, config }) => [
    ...redirectedInboundClusters(scope, { mesh, config }),
    { kind: 'passthrough', name: PASSTHROUGH_CLUSTER, connectionPool: passedPool(mesh), from: '' },
    {
      kind: 'passthrough',
      name: INBOUND_PASSTHROUGH_CLUSTER,
      connectionPool: passedPool(mesh),
      from: INBOUND_SOURCE,
    },
  ],
  ownListeners: (scope, snapshot) => [redirectedInboundListener(scope, snapshot)],
  sharedListeners: (scope, snapshot) => redirectedOutboundListeners(scope, snapshot),
  routes: (scope, { mesh }) => redirectedRouteInputs(scope, mesh),
};

/** Connections to where nobody declared a service end some time after their last request. */
function passedPool(mesh: MeshSettings): ConnectionPoolInput {
  return { idleTimeoutMs: PASSED_IDLE_MS, ...connectionPoolInput(mesh.trafficPolicy.connectionPool, mesh) };
}
