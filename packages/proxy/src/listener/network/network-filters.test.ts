import assert from 'node:assert/strict';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_WORKLOAD, type Workload } from '../../istio/workload.ts';
import { RawClient } from '../../proxy-under-test.ts';
import { testAuthority } from '../../tls/test-certificates.ts';
import { filter, listener, listenersUnderTest } from '../listeners-under-test.ts';
import { type MongoMessage, MongoReader } from './mongo-reader.ts';
import { encodePeer, peekPeer } from './peer-exchange-message.ts';

const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'z', '-', '0', '9') });
const app = fc.record({ name: word, namespace: word, app: word, version: word });

function workload(known: Partial<Workload>): Workload {
  return { ...NO_WORKLOAD, ...known };
}

test('a sidecar reads what its peer says of itself, however the bytes are cut', () => {
  fc.assert(
    fc.property(app, fc.uint8Array({ maxLength: 20 }), (known, rest) => {
      const message = encodePeer('sidecar~1.2.3.4~pod', workload(known));
      for (let length = 0; length < message.length; length++)
        assert.equal(peekPeer(message.subarray(0, length)).kind, 'need-more');
      const peek = peekPeer(Buffer.concat([message, rest]));
      assert.equal(peek.kind === 'peer' && peek.size, message.length);
      const { name, namespace, app, version } = peek.kind === 'peer' && peek.workload ? peek.workload : NO_WORKLOAD;
      assert.deepEqual({ name, namespace, app, version }, { ...known });
    }),
  );
});

test('bytes that are no peer metadata are the connection’s own, and never throw', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.uint8Array({ maxLength: 64 }), (isMagic, noise) => {
      const bytes = Buffer.concat([Buffer.from(isMagic ? '3d230467' : '', 'hex'), noise]);
      const peek = peekPeer(bytes);
      if (peek.kind === 'peer') assert.ok(isMagic && peek.size <= bytes.length);
    }),
  );
  assert.equal(peekPeer(Buffer.from('GET / HTTP/1.1')).kind, 'absent');
});

test('where both agreed on it, the server answers the client’s metadata with its own', async (context) => {
  const authority = testAuthority();
  context.after(() => authority.close());
  const pair = authority.issue('DNS:server.example');
  const rig = listenersUnderTest(context);
  const inline = (text: string) => ({ inline_string: text });
  const transport_socket = {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: {
        alpn_protocols: ['istio-peer-exchange', 'istio'],
        tls_certificates: [{ certificate_chain: inline(pair.certificate), private_key: inline(pair.key) }],
      },
    },
  };
  const exchange = {
    name: 'istio.metadata_exchange',
    typed_config: {
      '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
      type_url: 'type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange',
      value: { protocol: 'istio-peer-exchange', enable_discovery: true },
    },
  };
  const filters = [exchange, filter('network.echo.v3.Echo')];
  assert.deepEqual(rig.apply(listener('a', { filter_chains: [{ filters, transport_socket }] })), []);
  const port = await rig.port('a');
  const ask = (protocol: string, bytes: Buffer, until: number, ends = false) =>
    new Promise<Buffer>((resolve) => {
      let heard = Buffer.alloc(0);
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [protocol] });
      socket.on('secureConnect', () => (ends ? socket.end(bytes) : socket.write(bytes)));
      socket.on('data', (data: Buffer) => {
        heard = Buffer.concat([heard, data]);
        if (heard.length >= until) socket.destroy();
      });
      socket.on('close', () => resolve(heard));
    });
  const client = encodePeer('client', workload({ name: 'client' }));
  const own = encodePeer('', workload({ canonicalRevision: 'latest' }));
  const heard = await ask('istio-peer-exchange', Buffer.concat([client, Buffer.from('hello')]), own.length + 5);
  const peek = peekPeer(heard);
  assert.equal(peek.kind, 'peer');
  assert.equal(heard.subarray(peek.kind === 'peer' ? peek.size : 0).toString(), 'hello');
  // What looks like the head of metadata until the client ends is the connection's own.
  const cut = await ask('istio-peer-exchange', client.subarray(0, 6), own.length + 6, true);
  assert.deepEqual(cut.subarray(-6), client.subarray(0, 6));
  assert.equal((await ask('istio', Buffer.from('plain'), 5)).toString(), 'plain');
  const counted = ['alpn_protocol_found', 'alpn_protocol_not_found', 'metadata_added'];
  assert.deepEqual(
    counted.map((name) => rig.stat(`metadata_exchange.${name}`)),
    [2, 1, 1],
  );
});

const mongo = fc.record({
  requestId: fc.integer(),
  responseTo: fc.integer(),
  opCode: fc.constantFrom<number[]>(1, 2002, 2004, 2005, 2011),
  flags: fc.integer(),
  body: fc.uint8Array({ minLength: 8, maxLength: 40 }),
});

function mongoBytes({
  requestId,
  responseTo,
  opCode,
  flags,
  body,
}: typeof mongo extends fc.Arbitrary<infer V> ? V : never) {
  const head = Buffer.alloc(20);
  [20 + body.length, requestId, responseTo, opCode, flags].forEach((value, index) =>
    head.writeInt32LE(value, index * 4),
  );
  return Buffer.concat([head, body]);
}

test('the headers of Mongo’s messages are read, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(mongo, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (messages, step) => {
      const bytes = Buffer.concat(messages.map(mongoBytes));
      const seen: MongoMessage[] = [];
      const reader = new MongoReader((message) => seen.push(message));
      for (let pos = 0; pos < bytes.length; pos += step) assert.ok(reader.read(bytes.subarray(pos, pos + step)));
      assert.deepEqual(
        seen,
        messages.map(({ requestId, responseTo, opCode, flags, body }) => {
          const hasCursor = Buffer.from(body).readBigInt64LE(0) !== 0n;
          return { requestId, responseTo, opCode, flags, hasCursor };
        }),
      );
    }),
  );
});

test('what is no Mongo is given up after the header, and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      new MongoReader(() => undefined).read(Buffer.from(noise));
    }),
  );
  assert.equal(new MongoReader(() => undefined).read(Buffer.from('\0\0\0\0'.repeat(4))), false);
});

test('Mongo’s queries are counted, and other bytes go through all the same', async (context) => {
  const rig = listenersUnderTest(context);
  const filters = [filter('network.mongo_proxy.v3.MongoProxy', { stat_prefix: 'm' }), filter('network.echo.v3.Echo')];
  rig.apply(listener('a', { filter_chains: [{ filters }] }));
  const port = await rig.port('a');
  const client = new RawClient(port);
  context.after(() => client.close());
  const query = { requestId: 7, responseTo: 0, opCode: 2004, flags: 2, body: new Uint8Array(12) };
  const bytes = mongoBytes(query).toString('latin1');
  client.send(bytes);
  assert.equal(await client.until((text) => text.length === bytes.length), bytes);
  client.send('\0'.repeat(16));
  assert.equal((await client.until((text) => text.length === bytes.length + 16)).length, bytes.length + 16);
  const counted = ['op_query', 'op_query_tailable_cursor', 'op_query_active', 'decoding_error'];
  assert.deepEqual(
    counted.map((name) => rig.stat(`mongo.m.${name}`)),
    [1, 1, 1, 1],
  );
  client.close();
  while (rig.stat('mongo.m.op_query_active') > 0) await new Promise(setImmediate);
});
