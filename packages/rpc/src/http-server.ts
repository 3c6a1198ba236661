// Serves a hono application (admin pages, REST, metrics) on an address.
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import type { SocketAddress } from '@meltemi/base';
import type { Hono } from 'hono';

export interface RunningHttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Binds and serves. Rejects when the address can't be bound (`EADDRINUSE` …). */
export async function serveHttp(app: Hono, address: SocketAddress): Promise<RunningHttpServer> {
  // Loaded here: programs that serve no HTTP start without it.
  const { getRequestListener } = await import('@hono/node-server');
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
