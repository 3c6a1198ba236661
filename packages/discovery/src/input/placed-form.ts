// A sidecar whose placement says which port stands for what: its application dials the sidecar's ports.
import { inboundClusterInputs, inboundListenerInputs, outboundListenerInputs } from './listener-inputs.ts';
import type { ProxyForm } from './proxy-form.ts';
import { sidecarRouteInputs } from './sidecar-route-inputs.ts';

export const placedForm: ProxyForm = {
  clusters: (scope, { registry, mesh }) => inboundClusterInputs(scope, registry, mesh),
  ownListeners: (scope, { registry, mesh }) => [
    ...inboundListenerInputs(scope, registry, mesh),
    ...outboundListenerInputs(scope, mesh),
  ],
  sharedListeners: () => [],
  routes: (scope, { mesh }) => sidecarRouteInputs(scope, mesh),
};
