import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { GrpcServiceSchema } from '@meltemi/api/envoy/config/core/v3/grpc_service_pb';
import { systemClock } from '@meltemi/base';
import { Headers } from '@meltemi/wire';
import { staticCluster, testClusters } from '../cluster/test-clusters.ts';
import { callGrpc, type GrpcCallResult } from './grpc-call.ts';
import { openGrpcStream } from './grpc-stream.ts';
import { grpcTarget } from './grpc-target.ts';
import { callHttp, type HttpCall, type HttpCallResult } from './http-call.ts';

const clock = systemClock({ background: true });
const HTTP2 = { http2ProtocolOptions: {} };

async function clustersBefore(context: TestContext, port: number, more: object = {}) {
  const { manager, stat } = testClusters();
  manager.addStatic([staticCluster('c', [{ port }], more), staticCluster('empty', [])]);
  await manager.warm();
  context.after(() => manager.close());
  return { manager, stat };
}

async function httpServer(context: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function call(overrides: Partial<HttpCall> = {}): HttpCall {
  const headers = new Headers();
  headers.set('host', 'asked.test');
  return {
    cluster: 'c',
    method: 'GET',
    target: '/x?y',
    headers,
    timeoutMs: 5000,
    maxResponseBytes: 1000,
    ...overrides,
  };
}

describe('callHttp', () => {
  test('sends a request and hands the whole response over', async (context) => {
    const port = await httpServer(context, (request, response) => {
      void text(request).then((body) =>
        response.end(`${request.method} ${request.url} ${request.headers.host} ${body}`),
      );
    });
    const { manager } = await clustersBefore(context, port);
    const result = await new Promise<HttpCallResult>((done) =>
      callHttp(manager, call({ method: 'POST', body: Buffer.from('hello') }), clock, done),
    );
    assert.ok(result.kind === 'response');
    assert.deepEqual([result.status, result.body.toString()], [200, 'POST /x?y asked.test hello']);
  });

  test('says why there is no response, in a later turn', async (context) => {
    const port = await httpServer(context, (request, response) => {
      if (request.url === '/cut') request.socket.destroy();
      if (request.url === '/large') response.end('x'.repeat(1001));
    });
    const { manager, stat } = await clustersBefore(context, port);
    const reason = (overrides: Partial<HttpCall>) =>
      new Promise<string>((resolve) => {
        let sameTurn = true;
        callHttp(manager, call(overrides), clock, (result) =>
          resolve(sameTurn ? 'same turn' : result.kind === 'failed' ? result.reason : result.kind),
        );
        sameTurn = false;
      });
    assert.deepEqual(
      await Promise.all([
        reason({ cluster: 'none' }),
        reason({ cluster: 'empty' }),
        reason({ target: '/cut' }),
        reason({ target: '/large' }),
        reason({ target: '/silent', timeoutMs: 50 }),
      ]),
      ['no-cluster', 'no-host', 'reset', 'too-large', 'timeout'],
    );
    assert.equal(stat('c', 'upstream_rq_timeout'), 1);
  });

  test('says nothing after it was cancelled', async (context) => {
    let asked = (): void => {};
    const waits = new Promise<void>((resolve) => (asked = resolve));
    const port = await httpServer(context, (_request, response) => {
      asked();
      response.end('x');
    });
    const { manager } = await clustersBefore(context, port);
    const running = callHttp(manager, call(), clock, () => assert.fail('done was called'));
    await waits;
    running.cancel();
    running.cancel();
    callHttp(manager, call({ cluster: 'none' }), clock, () => assert.fail('done was called')).cancel();
    await new Promise<void>((resolve) => callHttp(manager, call(), clock, () => resolve()));
  });
});

const bytes = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };

async function grpcServer(context: TestContext, more: (call: ServerDuplexStream<Buffer, Buffer>) => void = () => {}) {
  const server = new Server();
  const definition = {
    Echo: { path: '/t.S/Echo', requestStream: false, responseStream: false, ...bytes },
    Many: { path: '/t.S/Many', requestStream: true, responseStream: true, ...bytes },
  };
  server.addService(definition, {
    Echo(rpc: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
      const [wish] = rpc.metadata.get('wish');
      if (wish === 'silent') return;
      if (wish === 'fail') return answer({ code: status.PERMISSION_DENIED, details: 'not “you”' });
      const said = `${rpc.request.toString()} ${String(rpc.metadata.get('x-team')[0])} ${rpc.getHost()}`;
      answer(null, Buffer.from(wish === 'large' ? 'x'.repeat(2000) : said));
    },
    Many: more,
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  context.after(() => server.forceShutdown());
  return clustersBefore(context, port, HTTP2);
}

describe('callGrpc', () => {
  test('brings a message there and one back, or the status', async (context) => {
    const { manager } = await grpcServer(context);
    const asked = (wish: string, cluster = 'c', timeoutMs = 5000) =>
      new Promise<GrpcCallResult>((done) =>
        callGrpc(
          manager,
          {
            cluster,
            path: '/t.S/Echo',
            authority: 'auth.test',
            metadata: [
              ['x-team', 'blue'],
              ['wish', wish],
            ],
            message: Buffer.from('ping'),
            timeoutMs,
            maxResponseBytes: 1000,
          },
          clock,
          done,
        ),
      );
    const good = await asked('');
    assert.deepEqual([good.status, good.body?.toString()], [0, 'ping blue auth.test']);
    assert.deepEqual(await asked('fail'), { status: 7, message: 'not “you”' });
    assert.equal((await asked('large')).status, 8);
    assert.equal((await asked('silent', 'c', 50)).status, 4);
    assert.deepEqual(await asked('', 'none'), { status: 14, message: 'no cluster none' });
  });

  test('takes what is not gRPC for what HTTP says', async (context) => {
    const port = await httpServer(context, (_request, response) => response.writeHead(403).end());
    const { manager } = await clustersBefore(context, port);
    const refused = await new Promise<GrpcCallResult>((done) =>
      callGrpc(
        manager,
        { cluster: 'c', path: '/t.S/Echo', message: Buffer.alloc(0), timeoutMs: 0, maxResponseBytes: 10 },
        clock,
        done,
      ),
    );
    assert.equal(refused.status, 7);
  });
});

describe('openGrpcStream', () => {
  const method = { cluster: 'c', path: '/t.S/Many', timeoutMs: 0, maxResponseBytes: 1000 };

  test('takes messages while there is room, and tells of the answers and the end', async (context) => {
    const { manager } = await grpcServer(context, (rpc) => {
      let received = 0;
      rpc.on('data', (message: Buffer) => (received += message.length));
      rpc.on('end', () => {
        rpc.write(Buffer.from(String(received)));
        rpc.end();
      });
    });
    const heard: string[] = [];
    let sent = 0;
    let room = (): void => {};
    const done = new Promise<void>((resolve) => {
      const stream = openGrpcStream(manager, method, {
        onMessage: (message) => heard.push(message.toString()),
        onRoom: () => room(),
        onEnd(outcome) {
          heard.push(`status ${outcome.status}`);
          resolve();
        },
      });
      room = () => {
        while (sent < 100 && stream.send(Buffer.alloc(10_000))) sent++;
        if (sent === 100) stream.end();
      };
      room();
      assert.ok(sent < 100, 'nothing held it back');
    });
    await done;
    assert.deepEqual(heard, ['1000000', 'status 0']);
  });

  test('refuses messages that nobody takes', async (context) => {
    const { manager } = await grpcServer(context, (rpc) => void rpc.pause());
    const stream = openGrpcStream(manager, method, { onEnd() {} });
    let taken = 0;
    while (stream.send(Buffer.alloc(10_000))) taken++;
    assert.ok(taken < 10);
    stream.cancel();
    assert.equal(stream.send(Buffer.alloc(1)), false);
  });

  test('ends when it can have no connection', async (context) => {
    const { manager } = await clustersBefore(context, 1, HTTP2);
    const ended = (cluster: string) =>
      new Promise<number>((resolve) =>
        openGrpcStream(manager, { ...method, cluster }, { onEnd: ({ status }) => resolve(status) }),
      );
    assert.deepEqual(await Promise.all([ended('c'), ended('none'), ended('empty')]), [14, 14, 14]);
  });
});

test('grpcTarget reads envoy_grpc and refuses the rest by name', () => {
  const envoy = { case: 'envoyGrpc' as const, value: { clusterName: 'als', authority: 'als.test' } };
  const service = create(GrpcServiceSchema, {
    targetSpecifier: envoy,
    initialMetadata: [{ key: 'X-Team', value: '100%%' }],
    timeout: { seconds: 2n },
  });
  assert.deepEqual(grpcTarget(service, 'here'), {
    cluster: 'als',
    authority: 'als.test',
    metadata: [['x-team', '100%']],
    timeoutMs: 2000,
  });
  const google = create(GrpcServiceSchema, { targetSpecifier: { case: 'googleGrpc', value: {} } });
  assert.throws(() => grpcTarget(google, 'here'), { message: 'here: google_grpc is not supported' });
  assert.throws(() => grpcTarget(undefined, 'here'), { message: 'here: it names no envoy_grpc' });
  const command = create(GrpcServiceSchema, {
    targetSpecifier: envoy,
    initialMetadata: [{ key: 'a', value: '%PATH%' }],
  });
  assert.throws(() => grpcTarget(command, 'here'), /initial_metadata a: "%PATH%" is not a plain text/);
});

function asIs(message: Buffer): Buffer {
  return message;
}

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const part of request) all += String(part);
  return all;
}
