// Calls of Mixer's API as promises, over a connection that is opened by the first of them.
import type { ServiceError } from '@grpc/grpc-js';
import {
  type CheckRequest,
  type CheckResponse,
  Mixer,
  type ReportRequest,
  type ReportResponse,
} from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { type GrpcAddress, grpcClient, grpcService } from '@meltemi/rpc';

/** Calls reject with gRPC's error: `code` and `details`. */
export interface MixerTransport {
  check(request: CheckRequest): Promise<CheckResponse>;
  report(request: ReportRequest): Promise<ReportResponse>;
  close(): void;
}

type Unary<Request, Response> = (
  request: Request,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, response?: Response) => void,
) => void;

interface Methods {
  readonly Check: Unary<CheckRequest, CheckResponse>;
  readonly Report: Unary<ReportRequest, ReportResponse>;
}

/** `now` is the wall clock's: a call ends `deadlineMs` after it. */
export function mixerTransport(address: GrpcAddress, deadlineMs: number, now: () => number): MixerTransport {
  const client = grpcClient(grpcService(Mixer), address);
  const { Check, Report } = client as unknown as Methods;
  const call = <Request, Response>(method: Unary<Request, Response>, request: Request): Promise<Response> =>
    new Promise((resolve, reject) => {
      method.call(client, request, { deadline: now() + deadlineMs }, (error, response) => {
        if (error) reject(error);
        else resolve(response!);
      });
    });
  return {
    check: (request) => call(Check, request),
    report: (request) => call(Report, request),
    close: () => client.close(),
  };
}
