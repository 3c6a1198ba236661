// A gRPC server that answers a unary call with nothing: what the library itself costs. Says its port on its IPC channel.
import { create } from '@bufbuild/protobuf';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { CheckResponseSchema, Mixer } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { grpcService, serveGrpc } from '@meltemi/rpc';

const Check = (_: ServerUnaryCall<unknown, unknown>, reply: sendUnaryData<unknown>) =>
  reply(null, create(CheckResponseSchema));
const services = [{ definition: grpcService(Mixer), implementation: { Check, Report: Check } }];
const { port } = await serveGrpc({ address: { host: '127.0.0.1', port: 0 }, services });
process.once('disconnect', () => process.exit(0));
process.send?.({ port });
