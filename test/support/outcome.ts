// What client and upstream notice of a decision: as our kernel decides, and as a real Envoy has answered.
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Dice } from '@meltemi/base';
import { applyHeaderChanges, decide, type HeaderChange, type RouteTable } from '@meltemi/decide';
import { Headers } from '@meltemi/wire';
import { type Echo, ECHO_HEADERS, UPSTREAM_HEADER } from './echo-upstream.ts';
import type { TestRequest } from './random-requests.ts';
import { ROUTE_HEADER } from './random-routes.ts';

/** The headers that random routes change. */
type Fields = Readonly<Record<'x' | 'y' | 'n' | 'm', string | undefined>>;

export type Outcome =
  | {
      readonly kind: 'forwarded';
      readonly route: string;
      readonly cluster: string;
      readonly method: string;
      readonly path: string;
      readonly authority: string;
      readonly headers: Fields;
      readonly body: string;
      readonly responseHeaders: Fields;
    }
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Undefined where none was chosen. */
      readonly route: string | undefined;
      readonly location: string | undefined;
      readonly body: string;
      readonly responseHeaders: Fields;
    };

const NOTHING = {
  route: undefined,
  location: undefined,
  body: '',
  responseHeaders: { x: undefined, y: undefined, n: undefined, m: undefined },
} as const;

/** What comes of our decision. */
export function ourOutcome(table: RouteTable, test: TestRequest, dice: Dice): Outcome {
  const outcome = decided(table, test, dice);
  const isGrpc = /^application\/grpc(\+|$)/.test(String(test.headers['content-type']));
  // A proxy's own answers tell gRPC clients of their status in `grpc-status`.
  return isGrpc && outcome.kind === 'answered' ? { ...outcome, status: 200, body: '' } : outcome;
}

function decided(table: RouteTable, test: TestRequest, dice: Dice): Outcome {
  const headers = headersOf(test.headers);
  const { method, authority, path } = test;
  const decision = decide(table, { method, authority, path, scheme: 'http', headers }, dice);
  if (decision.kind === 'not-found') return { kind: 'answered', status: 404, ...NOTHING };
  const route = decision.route.name;
  const answer = (status: number, parts: { readonly location?: string; readonly body?: string } = {}): Outcome => {
    const response = new Headers();
    change(response, decision.responseHeaders, { method, headers }, response, route);
    return { kind: 'answered', status, ...NOTHING, route, ...parts, responseHeaders: fieldsOf(response) };
  };
  const abort = decision.fault?.abort;
  if (abort) {
    const body = 'fault filter abort';
    // Envoy lets the headers of a route speak in its own answers where the route would have forwarded, else not.
    if (decision.kind === 'route') return answer(abort.status, { body });
    return { kind: 'answered', status: abort.status, ...NOTHING, body };
  }
  switch (decision.kind) {
    case 'route': {
      if (decision.cluster === '') return answer(decision.clusterNotFoundStatus);
      const { cluster, path, authority } = decision;
      change(headers, decision.requestHeaders, { method, headers }, new Headers(), route);
      const response = headersOf(ECHO_HEADERS);
      change(response, decision.responseHeaders, { method, headers }, response, route);
      const responseHeaders = fieldsOf(response);
      const { body = '' } = test;
      return {
        kind: 'forwarded',
        route,
        cluster,
        method,
        path,
        authority,
        headers: fieldsOf(headers),
        body,
        responseHeaders,
      };
    }
    case 'redirect':
      return answer(decision.status, { location: decision.location });
    case 'direct':
      return answer(decision.status, { body: new TextDecoder().decode(decision.body) });
    case 'cors-preflight':
      throw new Error('no route has a CORS policy here');
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** Ends what requests have left open. */
export function closeConnections(): void {
  agent.destroy();
}

/** What came of the request to an Envoy on this port. */
export async function envoysOutcome(port: number, test: TestRequest): Promise<Outcome> {
  const { status, headers, body } = await send(port, test);
  const responseHeaders = fieldsOf(headersOf(headers));
  const route = headers[ROUTE_HEADER] as string | undefined;
  const cluster = headers[UPSTREAM_HEADER] as string | undefined;
  if (cluster === undefined) {
    return { kind: 'answered', status, route, location: headers.location, body, responseHeaders };
  }
  const echo = JSON.parse(body) as Echo;
  const { headers: seen, ...sent } = echo;
  return {
    kind: 'forwarded',
    route: route ?? '',
    cluster,
    ...sent,
    headers: fieldsOf(headersOf(seen)),
    responseHeaders,
  };
}

async function send(
  port: number,
  { method, path, authority, headers, body = '' }: TestRequest,
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }> {
  const framing = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
  const fields = { ...headers, ...framing, host: authority };
  const call = request({ host: '127.0.0.1', port, agent, method, path, headers: fields });
  const answered = Promise.withResolvers<Awaited<ReturnType<typeof send>>>();
  call.once('error', answered.reject);
  call.once('response', (response) => {
    const { statusCode, headers } = response;
    text(response).then((body) => answered.resolve({ status: statusCode!, headers, body }), answered.reject);
  });
  call.end(body);
  return answered.promise;
}

function change(
  target: Headers,
  changes: readonly HeaderChange[],
  request: { readonly method: string; readonly headers: Headers },
  responseHeaders: Headers,
  route: string,
): void {
  applyHeaderChanges(changes, target, {
    requestHeader: (name) => (name === ':method' ? request.method : request.headers.getAll(name)[0]),
    responseHeader: (name) => responseHeaders.getAll(name)[0],
    value: (name) => ({ ROUTE_NAME: route, PROTOCOL: 'HTTP/1.1' })[name],
  });
}

function headersOf(fields: Readonly<Record<string, string | readonly string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(fields)) {
    for (const value of [values ?? []].flat()) headers.add(name, value);
  }
  return headers;
}

/** Node joins the values of a header by `, ` in responses; only the values count. */
function fieldsOf(headers: Headers): Fields {
  const joined = (name: string) => headers.get(name)?.replaceAll(', ', ',');
  return { x: joined('x'), y: joined('y'), n: joined('n'), m: joined('m') };
}
