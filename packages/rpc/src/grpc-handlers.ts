// Services → what handles a call of each path: it reads the request where there is one, and answers with what the handler says.
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { GrpcCall } from './grpc-call.ts';
import { GrpcError, STATUS, statusOf } from './grpc-status.ts';

/** Ends a call with one response: with that, or with an error's `code` and `details`. */
export type GrpcReply<Response> = (
  error: { readonly code: number; readonly details: string } | Error | null,
  response?: Response,
) => void;

/** Methods by their names. Those that answer once get a reply; those that are asked once find that in `call.request`. */
export type GrpcHandlers = Readonly<Record<string, (call: never, reply: never) => void>>;

/** A service, as a server takes it. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: GrpcHandlers;
}

export interface ServedMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly serve: (call: GrpcCall) => void;
}

type Handler = (call: GrpcCall, reply?: GrpcReply<unknown>) => void;

/** By path. A method without a handler is not among them. */
export function servedMethods(services: readonly GrpcService[]): ReadonlyMap<string, ServedMethod> {
  return new Map(
    services.flatMap(({ definition, implementation }) =>
      Object.entries(definition).flatMap(([name, method]) => {
        const handler = implementation[name] ?? implementation[method.originalName ?? ''];
        if (!handler) return [];
        const bound: Handler = handler.bind(implementation) as Handler;
        return [[method.path, { definition: method, serve: (call) => serve(call, method, bound) }] as const];
      }),
    ),
  );
}

function serve(call: GrpcCall, method: MethodDefinition<unknown, unknown>, handler: Handler): void {
  const begin = () => {
    try {
      handler(call, method.responseStream ? undefined : (error, response) => reply(call, error, response));
    } catch (error) {
      call.emit('error', error);
    }
  };
  if (method.requestStream) begin();
  else readOne(call, begin);
}

function reply(call: GrpcCall, error: Parameters<GrpcReply<unknown>>[0], response: unknown): void {
  if (error) call.emit('error', statusOf(error));
  else call.answer(response);
}

/** Exactly one request is read, and what it asks is done when the caller has said that it was all. */
function readOne(call: GrpcCall, begin: () => void): void {
  let requests = 0;
  call.on('data', (request: unknown) => {
    call.request = request;
    requests++;
  });
  call.once('end', () => {
    if (requests === 1) begin();
    else call.emit('error', new GrpcError(STATUS.UNIMPLEMENTED, `one request is expected, not ${requests}`));
  });
}
