// Authorization servers for tests, by gRPC and by HTTP: a request says itself what is to be answered, and what came is kept.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { CheckRequestSchema, CheckResponseSchema } from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { ID_HEADER } from './behaving-upstream.ts';
import { AUTHORIZATION_CHECK } from './raw-grpc-method.ts';

/** The request's header with the answer in JSON; none: allowed. */
export const VERDICT = 'x-verdict';

export interface AuthzServer {
  readonly port: number;
  /** What came, by the id of the request, from one proxy and the other. */
  readonly seen: ReadonlyMap<string, readonly JsonValue[]>;
}

/** Answers with the CheckResponse of the request's header; `fail`: with an error; `hang`: not at all. */
export async function startGrpcAuthz(context: TestContext): Promise<AuthzServer> {
  const seen = new Map<string, JsonValue[]>();
  const server = new Server();
  const check: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    const request = fromBinary(CheckRequestSchema, call.request);
    const http = request.attributes?.request?.http;
    const raw = http?.headerMap?.headers ?? [];
    const headers: Readonly<Record<string, string>> =
      raw.length > 0
        ? Object.fromEntries(raw.map(({ key, rawValue }) => [key, Buffer.from(rawValue).toString('latin1')]))
        : (http?.headers ?? {});
    keep(seen, headers[ID_HEADER], toJson(CheckRequestSchema, request));
    const verdict = headers[VERDICT];
    if (verdict === 'hang') return;
    if (verdict === 'fail') return done({ code: status.UNAVAILABLE, details: 'no' });
    const response = fromJson(CheckResponseSchema, JSON.parse(verdict ?? '{}') as JsonValue);
    done(null, Buffer.from(toBinary(CheckResponseSchema, response)));
  };
  server.addService({ Check: AUTHORIZATION_CHECK }, { Check: check });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  context.after(() => server.forceShutdown());
  return { port, seen };
}

/** Answers with the `{status, headers, body}` of the request's header. */
export async function startHttpAuthz(context: TestContext): Promise<AuthzServer> {
  const seen = new Map<string, JsonValue[]>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    const body = await text(request);
    keep(seen, headers[ID_HEADER] as string | undefined, { method, url, headers: headers as JsonValue, body });
    const verdict = headers[VERDICT];
    if (verdict === 'hang') return;
    const given = JSON.parse(typeof verdict === 'string' ? verdict : '{}') as {
      readonly status?: number;
      readonly headers?: Record<string, string | string[]>;
      readonly body?: string;
    };
    response.sendDate = false;
    response.writeHead(given.status ?? 200, given.headers).end(given.body ?? '');
  };
  const server = createServer((request, response) => void answer(request, response));
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

function keep(seen: Map<string, JsonValue[]>, id: string | undefined, what: JsonValue): void {
  const known = seen.get(id ?? '');
  if (known) known.push(what);
  else seen.set(id ?? '', [what]);
}
