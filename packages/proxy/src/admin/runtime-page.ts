// Shows runtime values as Envoy's `/runtime` does.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--runtime
import { runtimeValues } from '../runtime/runtime-values.ts';
import { AdminRequestError } from './admin-error.ts';
import { type AdminAnswer, json } from './admin-page.ts';
import type { AdminView } from './admin-view.ts';

export function runtime(view: AdminView): AdminAnswer {
  const { layers, entries } = runtimeValues(view.bootstrap.layeredRuntime);
  const shown = [...entries].map(([key, { layerValues, finalValue }]) => [
    key,
    { layer_values: layerValues, final_value: finalValue },
  ]);
  return json({ entries: Object.fromEntries(shown), layers });
}

/** Values are those of the bootstrap: what a restart would forget is not taken. */
export function modifyRuntime(view: AdminView): AdminAnswer {
  const layers = view.bootstrap.layeredRuntime?.layers ?? [];
  const admin = layers.some(({ layerSpecifier }) => layerSpecifier.case === 'adminLayer');
  throw new AdminRequestError(
    admin ? 'the admin layer is read only: set a static_layer' : 'No admin layer specified',
    503,
  );
}
