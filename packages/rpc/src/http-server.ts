// Serves a hono application (admin pages, REST, metrics) on an address.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SocketAddress } from '@meltemi/base';
import type { Hono } from 'hono';

export interface RunningHttpServer {
  readonly port: number;
  close(): Promise<void>;
}

// Not imported: an ES import of node:http makes Node load its fetch too.
const { createServer } = process.getBuiltinModule('node:http');

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Binds and serves. Rejects when the address can't be bound (`EADDRINUSE` …). */
export async function serveHttp(app: Hono, address: SocketAddress): Promise<RunningHttpServer> {
  let answering: Promise<Answer> | undefined;
  const server = createServer((request, response) => {
    answering ??= answerBy(app);
    void answering.then((answer) => answer(request, response));
  });
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

/** Loaded by the first request: it brings Node's fetch along, which most sidecars never need. */
async function answerBy(app: Hono): Promise<Answer> {
  const { getRequestListener } = await import('@hono/node-server');
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}
