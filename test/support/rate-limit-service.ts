// A rate limit service that answers as the first entry of a request's first descriptor says, and keeps what it was asked.
import { create, fromBinary, toBinary, toJsonString, type MessageInitShape } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import {
  type RateLimitRequest,
  RateLimitRequestSchema,
  RateLimitResponse_Code as Code,
  RateLimitResponse_RateLimit_Unit as Unit,
  RateLimitResponseSchema,
  RateLimitService,
} from '@meltemi/api/envoy/service/ratelimit/v3/rls_pb';
import { type GrpcCall, type GrpcReply, grpcService, serveGrpc } from '@meltemi/rpc';

export interface RateLimitServer {
  readonly port: number;
  /** Requests as JSON, in the order they came. */
  readonly asked: string[];
  /** Resolves when it was asked so many times. */
  untilAsked(times: number): Promise<void>;
  close(): Promise<void>;
}

const OK: MessageInitShape<typeof RateLimitResponseSchema> = {
  overallCode: Code.OK,
  responseHeadersToAdd: [{ key: 'x-Service', value: 'let in' }],
  requestHeadersToAdd: [{ key: 'x-from-service', value: 'asked' }],
  dynamicMetadata: { said: 'fine' },
  statuses: [
    { code: Code.OK, currentLimit: { requestsPerUnit: 10, unit: Unit.MINUTE, name: 'named' }, limitRemaining: 7 },
    {
      code: Code.OK,
      currentLimit: { requestsPerUnit: 5, unit: Unit.HOUR },
      limitRemaining: 2,
      durationUntilReset: { seconds: 30n, nanos: 5 },
    },
    { code: Code.OK },
  ],
};

const OVER: MessageInitShape<typeof RateLimitResponseSchema> = {
  ...OK,
  overallCode: Code.OVER_LIMIT,
  rawBody: Buffer.from('{"too":"much"}'),
  responseHeadersToAdd: [{ key: 'content-type', value: 'application/json' }],
  statuses: [
    {
      code: Code.OVER_LIMIT,
      currentLimit: { requestsPerUnit: 5, unit: Unit.SECOND },
      durationUntilReset: { seconds: 3n, nanos: 500 },
    },
  ],
};

export async function startRateLimitServer(): Promise<RateLimitServer> {
  const asked: string[] = [];
  let waiting: (() => void)[] = [];
  const answers = (request: RateLimitRequest, answer: GrpcReply<Buffer>) => {
    const say = request.descriptors[0]?.entries[0]?.value;
    if (say === 'fail') return answer({ code: status.INTERNAL, details: 'no idea' });
    if (say === 'silent') return;
    const response = say === 'over' ? OVER : say === 'plain-over' ? { overallCode: Code.OVER_LIMIT } : OK;
    answer(null, Buffer.from(toBinary(RateLimitResponseSchema, create(RateLimitResponseSchema, response))));
  };
  const server = await serveGrpc({
    address: { host: '127.0.0.1', port: 0 },
    services: [
      {
        definition: grpcService(RateLimitService, { requests: true, responses: true }),
        implementation: {
          ShouldRateLimit(call: GrpcCall<Buffer, Buffer>, answer: GrpcReply<Buffer>) {
            const request = fromBinary(RateLimitRequestSchema, call.request);
            asked.push(toJsonString(RateLimitRequestSchema, request));
            for (const wake of waiting.splice(0)) wake();
            answers(request, answer);
          },
        },
      },
    ],
  });
  return {
    port: server.port,
    asked,
    async untilAsked(times) {
      while (asked.length < times) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    close: () => {
      waiting = [];
      return server.close(0);
    },
  };
}
