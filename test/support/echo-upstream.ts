// An upstream that answers each request with what it has received, and says by which name it was reached.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the upstream saw of a request; several values of one header are joined by `,`. */
export interface Echo {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Says which upstream has answered. */
export const UPSTREAM_HEADER = 'upstream';
/** Headers of every answer, so that changes of response headers find something to change. */
export const ECHO_HEADERS: Readonly<Record<string, string>> = { x: 'from-upstream' };

export interface EchoUpstream {
  readonly name: string;
  readonly port: number;
  close(): void;
}

export async function startEchoUpstream(name: string): Promise<EchoUpstream> {
  const server = createServer((request, response) => void echo(request, response, name));
  // Envoy must never find that a connection it had kept has just been closed.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { name, port: (server.address() as AddressInfo).port, close };
}

async function echo(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
  const body = await text(request);
  const headers: Record<string, string> = {};
  for (const [field, values] of Object.entries(request.headersDistinct)) headers[field] = values!.join(',');
  const received: Echo = {
    method: request.method!,
    path: request.url!,
    authority: request.headers.host ?? '',
    headers,
    body,
  };
  response.writeHead(200, { [UPSTREAM_HEADER]: name, ...ECHO_HEADERS });
  response.end(JSON.stringify(received));
}
