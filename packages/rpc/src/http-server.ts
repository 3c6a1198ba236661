// Serves a hono application (admin pages, REST, metrics) on an address.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SocketAddress } from '@meltemi/base';
import type { Hono } from 'hono';
import type { ServingPair } from './serving-credentials.ts';

export interface RunningHttpServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface RunningHttpsServer extends RunningHttpServer {
  /** New connections get the new pair. */
  renew(pair: ServingPair): void;
}

// Not imported: an ES import of node:http makes Node load its fetch too.
const { createServer } = process.getBuiltinModule('node:http');

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Binds and serves. Rejects when the address can't be bound (`EADDRINUSE` …). */
export async function serveHttp(app: Hono, address: SocketAddress): Promise<RunningHttpServer> {
  return listening(createServer(listenerOf(app)), address);
}

/** The same over TLS. */
export async function serveHttps(app: Hono, address: SocketAddress, pair: ServingPair): Promise<RunningHttpsServer> {
  const { createServer: createSecureServer } = process.getBuiltinModule('node:https');
  const server = createSecureServer(tlsOptions(pair), listenerOf(app));
  return { ...(await listening(server, address)), renew: (next) => server.setSecureContext(tlsOptions(next)) };
}

function listenerOf(app: Hono) {
  let answering: Promise<Answer> | undefined;
  return (request: IncomingMessage, response: ServerResponse): void => {
    answering ??= answerBy(app);
    void answering.then((answer) => answer(request, response));
  };
}

async function listening(server: Server | SecureServer, address: SocketAddress): Promise<RunningHttpServer> {
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

function tlsOptions({ key, certificateChain: cert }: ServingPair) {
  return { key, cert, minVersion: 'TLSv1.2' as const };
}

/** Loaded by the first request: it brings Node's fetch along, which most sidecars never need. */
async function answerBy(app: Hono): Promise<Answer> {
  const { getRequestListener } = await import('@hono/node-server');
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}
