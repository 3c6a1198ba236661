// An authorizer for tests, HTTP on the first port of its arguments and gRPC on the second: `x-allow: yes` is let in.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema, CheckResponseSchema } from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import { Server, type ServerUnaryCall, type sendUnaryData, ServerCredentials } from '@grpc/grpc-js';
import { AUTHORIZATION_CHECK } from './raw-grpc-method.ts';

const [httpPort, grpcPort] = process.argv.slice(2);

const http = createServer((request, response) => {
  void text(request).then((body) => {
    const allowed = request.headers['x-allow'] === 'yes';
    const seen = JSON.stringify({ url: request.url, headers: Object.keys(request.headers), body });
    response.writeHead(allowed ? 200 : 401, { 'x-seen': seen, 'x-secret': 'secret' }).end('asked by HTTP');
  });
});

/** What is answered to a connection is by its source alone: it has no headers. */
function check(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void {
  const { attributes } = fromBinary(CheckRequestSchema, call.request);
  const headers = attributes?.request?.http?.headers;
  const allowed = headers ? headers['x-allow'] === 'yes' : false;
  const denied = { case: 'deniedResponse', value: { status: { code: 401 }, body: 'asked by gRPC' } } as const;
  const answer = create(CheckResponseSchema, {
    status: { code: allowed ? 0 : 7 },
    ...(!allowed && { httpResponse: denied }),
  });
  done(null, Buffer.from(toBinary(CheckResponseSchema, answer)));
}

const grpc = new Server();
grpc.addService({ Check: AUTHORIZATION_CHECK }, { Check: check });
grpc.bindAsync(`0.0.0.0:${grpcPort}`, ServerCredentials.createInsecure(), () =>
  http.listen(Number(httpPort), () => process.stdout.write('listening\n')),
);
