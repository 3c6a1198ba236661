// Our server, called by @grpc/grpc-js and by Node's own HTTP/2.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { test, type TestContext } from 'node:test';
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  compressionAlgorithms,
  credentials,
  Metadata,
  type MethodDefinition,
  type requestCallback,
  type ServiceError,
} from '@grpc/grpc-js';
import fc from 'fast-check';
import type { GrpcCall } from './grpc-call.ts';
import type { GrpcHandlers, GrpcReply } from './grpc-handlers.ts';
import { type RunningGrpcServer, serveGrpc } from './grpc-server.ts';
import { framed, MessageReader } from './message-frames.ts';

const same = (bytes: Buffer) => bytes;

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  const codecs = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  return { path: `/test.Echo/${name}`, requestStream, responseStream, ...codecs };
}

const DEFINITION = {
  Once: method('Once', false, false),
  Many: method('Many', false, true),
  Gather: method('Gather', true, false),
  Echo: method('Echo', true, true),
};

type Call = GrpcCall<Buffer, Buffer>;

/** Every form of call; `fail N` as a request is an error of that code. */
const ECHO: GrpcHandlers = {
  Once: (call: Call, reply: GrpcReply<Buffer>) => {
    const [, code] = /^fail (\d+)$/.exec(call.request.toString()) ?? [];
    if (code === undefined) reply(null, call.request);
    else reply({ code: Number(code), details: 'as asked: 100 % ü' });
  },
  Many: (call: Call) => {
    for (const byte of call.request) call.write(Buffer.alloc(byte * 1000, byte));
    call.end();
  },
  Gather: (call: Call, reply: GrpcReply<Buffer>) => {
    const all: Buffer[] = [];
    call.on('data', (message: Buffer) => all.push(message));
    call.once('end', () => reply(null, Buffer.concat(all)));
  },
  Echo: (call: Call) => void call.pipe(call),
};

async function serve(t: TestContext, implementation: GrpcHandlers = ECHO): Promise<{ client: Client; port: number }> {
  const server = await serveGrpc({
    address: { host: '127.0.0.1', port: 0 },
    services: [{ definition: DEFINITION, implementation }],
  });
  const client = clientOf(server);
  t.after(async () => {
    client.close();
    await server.close(0);
  });
  return { client, port: server.port };
}

function clientOf({ port }: RunningGrpcServer, options: object = {}): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    ...options,
  });
}

function callOnce(client: Client, request: Buffer, options: CallOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done: requestCallback<Buffer> = (error, response) => (error ? reject(error) : resolve(response!));
    client.makeUnaryRequest('/test.Echo/Once', same, same, request, new Metadata(), options, done);
  });
}

function duplex(client: Client, name = 'Echo'): ClientDuplexStream<Buffer, Buffer> {
  return client.makeBidiStreamRequest(`/test.Echo/${name}`, same, same, new Metadata());
}

test('one request has one response', async (t) => {
  const { client } = await serve(t);
  for (const size of [0, 1, 5000, 3_000_000]) {
    const request = Buffer.alloc(size, 7);
    assert.ok((await callOnce(client, request)).equals(request), `${size} bytes`);
  }
});

test('an error is said with its code and words', async (t) => {
  const { client } = await serve(t);
  await assert.rejects(callOnce(client, Buffer.from('fail 7')), { code: 7, details: 'as asked: 100 % ü' });
});

test('one request has many responses, and their end', async (t) => {
  const { client } = await serve(t);
  const call: ClientReadableStream<Buffer> = client.makeServerStreamRequest(
    '/test.Echo/Many',
    same,
    same,
    Buffer.from([1, 0, 250]),
    new Metadata(),
  );
  const sizes: number[] = [];
  for await (const message of call) sizes.push((message as Buffer).length);
  assert.deepEqual(sizes, [1000, 0, 250_000]);
});

test('many requests have one response', async (t) => {
  const { client } = await serve(t);
  const { promise, resolve } = Promise.withResolvers<string>();
  const call: ClientWritableStream<Buffer> = client.makeClientStreamRequest(
    '/test.Echo/Gather',
    same,
    same,
    new Metadata(),
    (error: ServiceError | null, response?: Buffer) => resolve(error ? error.message : response!.toString()),
  );
  for (const word of ['a', 'b', 'c']) call.write(Buffer.from(word));
  call.end();
  assert.equal(await promise, 'abc');
});

test('messages of a stream go both ways in order', async (t) => {
  const { client } = await serve(t);
  const call = duplex(client);
  const sent = Array.from({ length: 300 }, (_, index) => Buffer.alloc((index * 997) % 20_000, index));
  for (const message of sent) call.write(message);
  call.end();
  const received: Buffer[] = [];
  for await (const message of call) received.push(message as Buffer);
  assert.ok(Buffer.concat(received).equals(Buffer.concat(sent)));
  assert.equal(received.length, sent.length);
});

test('a message in parts comes as one', async (t) => {
  const parts = [Buffer.alloc(100_000, 1), Buffer.alloc(3, 2), Buffer.alloc(50_000, 3)];
  const { client } = await serve(t, {
    Echo: (call: GrpcCall<Buffer, readonly Buffer[]>) => {
      call.write(parts);
      call.end();
    },
  });
  const [message] = await once(duplex(client), 'data');
  assert.ok((message as Buffer).equals(Buffer.concat(parts)));
});

test('a call that the caller gives up is cancelled', async (t) => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const { client } = await serve(t, { Echo: (call: Call) => void call.once('cancelled', resolve).pipe(call) });
  const call = duplex(client);
  call.on('error', () => {});
  call.write(Buffer.from('x'));
  await once(call, 'data');
  call.cancel();
  await cancelled;
});

test('a call that takes longer than its caller waits ends so', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { port } = await serve(t, { Echo: (call: Call) => void call.once('cancelled', resolve).resume() });
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => session.close());
  const head = { ':method': 'POST', ':path': '/test.Echo/Echo', 'content-type': 'application/grpc', te: 'trailers' };
  const [headers] = await once(session.request({ ...head, 'grpc-timeout': '20m' }), 'response');
  assert.equal(headers['grpc-status'], '4');
  await promise;
});

test('what is not served is said', async (t) => {
  const { client, port } = await serve(t, {});
  await assert.rejects(callOnce(client, Buffer.alloc(0)), { code: 12, details: 'there is no method /test.Echo/Once' });
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => session.close());
  const [headers] = await once(session.request({ ':method': 'POST', ':path': '/test.Echo/Once' }), 'response');
  assert.equal(headers[':status'], 415);
});

test('a message that is too long is refused, and one that is compressed is read', async (t) => {
  const { client, port } = await serve(t);
  await assert.rejects(callOnce(client, Buffer.alloc(5_000_000)), { code: 8 });
  const packing = clientOf({ port } as RunningGrpcServer, {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  t.after(() => packing.close());
  const request = Buffer.alloc(100_000, 1);
  assert.ok((await callOnce(packing, request)).equals(request));
  await assert.rejects(callOnce(packing, Buffer.alloc(5_000_000)), { code: 8 });
});

test('a stream that the server ends is not cut off before what was written', async (t) => {
  const { client } = await serve(t, {
    Echo: (call: Call) => {
      for (let index = 0; index < 50; index++) call.write(Buffer.alloc(10_000, index));
      call.emit('error', { code: 14, details: 'gone' });
    },
  });
  const call = duplex(client);
  let messages = 0;
  call.on('data', () => messages++);
  const [error] = await once(call, 'error');
  assert.deepEqual([error.code, error.details, messages], [14, 'gone', 50]);
});

test('closing lets calls end, and cuts off those that do not', async () => {
  const server = await serveGrpc({
    address: { host: '127.0.0.1', port: 0 },
    services: [{ definition: DEFINITION, implementation: ECHO }],
  });
  const client = clientOf(server);
  const [ending, staying] = [duplex(client), duplex(client)];
  for (const call of [ending, staying]) {
    call.write(Buffer.from('x'));
    await once(call, 'data');
  }
  const failed = once(staying, 'error');
  const closed = server.close(300);
  ending.end();
  const [status] = await once(ending.resume(), 'status');
  assert.equal(status.code, 0);
  assert.equal((await failed)[0].code, 14);
  await closed;
  client.close();
});

test('a peer that breaks the protocol harms nobody else', async (t) => {
  const { client, port } = await serve(t);
  const session = connect(`http://127.0.0.1:${port}`);
  t.after(() => session.close());
  const head = { ':method': 'POST', ':path': '/test.Echo/Echo', 'content-type': 'application/grpc' };
  const reset = session.request(head);
  reset.write(Buffer.from([0, 0, 0]));
  reset.close(constants.NGHTTP2_PROTOCOL_ERROR);
  await once(reset, 'close').catch(() => undefined);
  const strange = session.request(head);
  strange.end(Buffer.from([1, 0, 0, 0, 1, 9]));
  const [headers] = await once(strange, 'response');
  assert.equal(headers['grpc-status'], '12');
  assert.equal((await callOnce(client, Buffer.from('still'))).toString(), 'still');
});

test('calls that are given up at any moment leave the others alone', async (t) => {
  const { client, port } = await serve(t);
  const head = { ':method': 'POST', ':path': '/test.Echo/Once', 'content-type': 'application/grpc' };
  for (let round = 0; round < 20; round++) {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    for (let index = 0; index < 20; index++) {
      const stream = session.request(head);
      stream.on('error', () => {});
      stream.end(Buffer.from([0, 0, 0, 0, 1, index]));
      if (index % 3 === 0) stream.close(constants.NGHTTP2_CANCEL);
      else if (index % 3 === 1) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
    }
    if (round % 2 === 0) await once(session, 'connect');
    session.destroy();
  }
  assert.equal((await callOnce(client, Buffer.from('still'))).toString(), 'still');
});

test('messages survive their frames, however the bytes are cut', () => {
  const cuts = fc.array(fc.nat(50), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 6000 })), cuts, (messages, lengths) => {
      const bytes = Buffer.concat(messages.flatMap((message) => framed(message)));
      const reader = new MessageReader('identity', 10_000);
      const read: Buffer[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = 1 + lengths[turn % lengths.length]! ** 2;
        read.push(...reader.read(bytes.subarray(at, at + length)));
        at += length;
      }
      assert.deepEqual(
        read.map((each) => Buffer.from(each).toString('hex')),
        messages.map((each) => Buffer.from(each).toString('hex')),
      );
    }),
  );
});
