// Shows where listeners are bound as Envoy's `/listeners` does.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--listeners
import { type AdminAnswer, json, text } from './admin-page.ts';
import type { AdminView, ListenerSnapshot } from './admin-view.ts';
import { addressJson } from '../cluster/address-json.ts';

export function listeners(view: AdminView, query: URLSearchParams): AdminAnswer {
  const bound = view.listeners().filter(isBound);
  if (query.get('format') !== 'json') return text(bound.map(({ name, address }) => `${name}::${address}\n`).join(''));
  const statuses = bound.map(({ name, address }) => ({ name, local_address: addressJson(address) }));
  return json({ listener_statuses: statuses });
}

function isBound(listener: ListenerSnapshot): listener is ListenerSnapshot & { readonly address: string } {
  return listener.address !== undefined;
}
