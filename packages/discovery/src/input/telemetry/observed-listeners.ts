// Listeners + the Telemetries that hold for a proxy → listeners that log, trace and count.
import type { MeshSettings } from '../../mesh.ts';
import type { ProxyScope } from '../../scope.ts';
import type { ListenerInput } from '../listener-input.ts';
import { accessLogInputs } from './access-log-inputs.ts';
import { statsInputs } from './stats-inputs.ts';
import { tracingInput } from './tracing-input.ts';

/** Istio's metrics are asked of proxies that know its filters; others would refuse the listener. */
export function observedListeners(
  listeners: readonly ListenerInput[],
  scope: ProxyScope,
  mesh: MeshSettings,
): readonly ListenerInput[] {
  const { telemetries, visible, node } = scope;
  const observed = (direction: ListenerInput['direction']) => {
    const mode = direction === 'inbound' ? 'SERVER' : 'CLIENT';
    const tracing = tracingInput(telemetries, scope, mesh, mode);
    const counting = { mode, hostHeaderFallback: direction === 'outbound' } as const;
    const stats = node.istioFilters ? statsInputs(telemetries, mesh, counting) : [];
    return {
      accessLog: accessLogInputs({ telemetries, visible, mesh }, mode),
      ...(tracing && { tracing }),
      ...(stats.length > 0 && { stats }),
    };
  };
  const by = { inbound: observed('inbound'), outbound: observed('outbound'), gateway: observed('gateway') };
  return listeners.map((listener) => ({ ...listener, ...by[listener.direction] }));
}
