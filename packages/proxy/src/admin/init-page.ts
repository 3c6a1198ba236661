// Shows what the start still waits for, in the JSON of envoy.admin.v3.UnreadyTargetsDumps.
import { type AdminAnswer, json } from './admin-page.ts';
import type { AdminView } from './admin-view.ts';

/** `?mask=listener` leaves clusters out. */
export function initDump(view: AdminView, query: URLSearchParams): AdminAnswer {
  const clusters = query.get('mask') === 'listener' ? [] : warming(view.clusters());
  const listeners = warming(view.listeners());
  const dumps = [
    ...(clusters.length > 0
      ? [{ name: 'init manager Server', target_names: clusters.map((name) => `target Cluster ${name}`) }]
      : []),
    ...listeners.map((name) => ({
      name: `init manager Listener-local-init-manager ${name}`,
      target_names: [`target Listener ${name}`],
    })),
  ];
  return json(dumps.length > 0 ? { unready_targets_dumps: dumps } : {});
}

function warming(parts: readonly { readonly name: string; readonly state: string }[]): readonly string[] {
  return parts.flatMap(({ name, state }) => (state === 'warming' ? [name] : []));
}
