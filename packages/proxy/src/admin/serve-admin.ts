// Serves the admin pages on an address.
import type { SocketAddress } from '@meltemi/base';
import type { RunningHttpServer } from '@meltemi/rpc';
import type { AdminView } from './admin-view.ts';

/** Binds and serves. Rejects when the address can't be bound. */
export function serveAdmin(_view: AdminView, _address: SocketAddress): Promise<RunningHttpServer> {
  return Promise.reject(new Error('not built yet'));
}
