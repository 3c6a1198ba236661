// An upstream that echoes each request, and fails or tarries as the request's own headers tell it.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Echo, type EchoUpstream, UPSTREAM_HEADER } from './echo-upstream.ts';

/** `2:503`: the first two tries are answered with 503. `1:close`: the first try's connection is closed. */
export const FAILS_HEADER = 'fails';
/** Milliseconds that the first try takes. */
export const SLOW_HEADER = 'slow';
/** Response headers of failed tries: `name=value`. */
export const FAILS_WITH_HEADER = 'fails-with';
/** One for all tries of a request, different for every request. */
export const ID_HEADER = 'test-id';
/** In responses: how many tries have come. */
export const TRIES_HEADER = 'tries';

/** Counts tries over all upstreams that share the map. */
export async function startBehavingUpstream(name: string, tries: Map<string, number>): Promise<EchoUpstream> {
  const server = createServer((request, response) => void serve(request, response, name, tries));
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { name, port: (server.address() as AddressInfo).port, close };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  tries: Map<string, number>,
): Promise<void> {
  const { headers } = request;
  const id = String(headers[ID_HEADER]);
  const count = (tries.get(id) ?? 0) + 1;
  tries.set(id, count);
  const body = await text(request).catch(() => '');
  if (count === 1 && headers[SLOW_HEADER]) await sleep(Number(headers[SLOW_HEADER]));
  const [times = '0', how = ''] = String(headers[FAILS_HEADER] ?? '').split(':');
  const fails = count <= Number(times);
  if (fails && how === 'close') return void request.socket.destroy();
  const [extra, value = ''] = String(headers[FAILS_WITH_HEADER] ?? '').split('=');
  if (fails && extra) response.setHeader(extra, value);
  const fields = { [UPSTREAM_HEADER]: name, [TRIES_HEADER]: String(count), x: 'from-upstream' };
  response.writeHead(fails ? Number(how) : 200, fields);
  response.end(JSON.stringify(echoOf(request, body)));
}

function echoOf(request: IncomingMessage, body: string): Echo {
  const headers: Record<string, string> = {};
  for (const [field, values] of Object.entries(request.headersDistinct)) headers[field] = values!.join(',');
  return { method: request.method!, path: request.url!, authority: request.headers.host ?? '', headers, body };
}
