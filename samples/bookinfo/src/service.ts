// What the four services share: an HTTP server on PORT, routes by path, and headers that a trace needs passed on.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Answers one request; `match` holds the groups of the route's pattern. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  match: readonly string[],
) => void | Promise<void>;

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: Answer;
}

/** Headers that belong to the request's trace and to its user; callers hand them on to what they call. */
const FORWARDED = [
  'x-request-id',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'b3',
  'x-ot-span-context',
  'traceparent',
  'tracestate',
  'end-user',
  'user-agent',
];

/** Serves the routes on `HOST:PORT` (default 0.0.0.0:9080) until SIGTERM. */
export function serve(name: string, routes: readonly Route[]): void {
  const port = Number(process.env['PORT'] ?? process.argv[2] ?? 9080);
  const host = process.env['HOST'] ?? '0.0.0.0';
  const server = createServer((request, response) => void answer(routes, request, response));
  server.listen(port, host, () => process.stdout.write(`${name} listens on ${host}:${port}\n`));
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

async function answer(routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0]!;
  const found = routes.find((route) => route.method === request.method && route.path.test(path));
  if (!found) return json(response, 404, { error: `nothing at ${request.method} ${path}` });
  try {
    await found.answer(request, response, [...(found.path.exec(path) ?? [])].slice(1));
  } catch (failure) {
    process.stderr.write(`${request.method} ${path}: ${String(failure)}\n`);
    if (response.headersSent) response.destroy();
    else json(response, 500, { error: 'internal error' });
  }
}

/** Sends a value as JSON. */
export function json(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** The request's headers that go along to other services. */
export function forwardedHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const user = cookie(request, 'user');
  if (user !== undefined) headers['cookie'] = `user=${user}`;
  return headers;
}

/** A cookie's value as sent. */
export function cookie(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}

/** Where another service is: Kubernetes' own variables, else its name. */
export function serviceUrl(name: string): string {
  const prefix = name.toUpperCase();
  const host = process.env[`${prefix}_SERVICE_HOST`];
  return host ? `http://${host}:${process.env[`${prefix}_SERVICE_PORT`] ?? '9080'}` : `http://${name}:9080`;
}

export interface Fetched {
  readonly status: number;
  readonly body: unknown;
}

/** GETs JSON within a time; a failure to reach the service or to read its answer is status 503. */
export async function fetchJson(url: string, headers: Record<string, string>, timeoutMs: number): Promise<Fetched> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) return { status: response.status, body: undefined };
    return { status: 200, body: await response.json() };
  } catch {
    return { status: 503, body: undefined };
  }
}
