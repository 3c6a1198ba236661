import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import fc from 'fast-check';
import { peekClientHello } from './client-hello.ts';

describe('peekClientHello', () => {
  const server = createServer();
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => void server.close());

  /** The first flight of a real client. */
  async function helloOf(options: ConnectionOptions): Promise<Buffer> {
    const accepted = once(server, 'connection');
    const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...options });
    client.on('error', () => undefined);
    const [socket] = await accepted;
    const [bytes] = await once(socket, 'data');
    socket.destroy();
    client.destroy();
    return bytes as Buffer;
  }

  const sni = 'outbound_.9080_._.reviews.default.svc.cluster.local';

  it('reads server name and protocols of a real client', async () => {
    const bytes = await helloOf({ servername: sni, ALPNProtocols: ['istio-http/1.1', 'istio'] });
    assert.deepEqual(peekClientHello(bytes), { kind: 'hello', sni, alpn: ['istio-http/1.1', 'istio'] });
  });

  it('reads a TLS 1.2 client that says neither', async () => {
    const bytes = await helloOf({ maxVersion: 'TLSv1.2' });
    assert.deepEqual(peekClientHello(bytes), { kind: 'hello', sni: undefined, alpn: [] });
  });

  it('asks for more at every cut, and reads the hello however it is split into records', async () => {
    const bytes = await helloOf({ servername: 'A.example', ALPNProtocols: ['h2'] });
    const expected = { kind: 'hello', sni: 'a.example', alpn: ['h2'] };
    for (let size = 0; size < bytes.length; size++) {
      assert.deepEqual(peekClientHello(bytes.subarray(0, size)), { kind: 'need-more' }, `${size} bytes`);
    }
    const message = bytes.subarray(5);
    for (let at = 4; at < message.length; at++) {
      const split = Buffer.concat([record(message.subarray(0, at)), record(message.subarray(at))]);
      assert.deepEqual(peekClientHello(split), expected, `split at ${at}`);
    }
    assert.deepEqual(peekClientHello(Buffer.concat([bytes, Buffer.from('early data')])), expected);
  });

  it('knows what is not TLS from the first bytes', () => {
    assert.deepEqual(peekClientHello(Buffer.from('GET / HTTP/1.1\r\n')), { kind: 'not-tls' });
    assert.deepEqual(peekClientHello(Buffer.from('G')), { kind: 'not-tls' });
    assert.deepEqual(peekClientHello(Buffer.from([22, 2])), { kind: 'not-tls' });
    assert.deepEqual(peekClientHello(record(Buffer.from([2, 0, 0, 1]))), { kind: 'not-tls' });
    assert.deepEqual(peekClientHello(record(Buffer.from([1, 255, 255, 255]))), { kind: 'not-tls' });
    assert.deepEqual(peekClientHello(Buffer.from([22, 3, 1, 0, 0])), { kind: 'not-tls' });
  });

  it('refuses a hello in a flood of tiny records', () => {
    const first = record(Buffer.from([1, 0, 4, 0]));
    const flood = Buffer.concat([first, ...Array.from({ length: 100 }, () => record(Buffer.from([0])))]);
    assert.deepEqual(peekClientHello(flood), { kind: 'not-tls' });
  });

  it('survives any change of a hello', async () => {
    const bytes = await helloOf({ servername: 'a.example', ALPNProtocols: ['h2', 'http/1.1'] });
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 5 });
    fc.assert(
      fc.property(changes, fc.nat(bytes.length), (changes, size) => {
        const changed = Buffer.from(bytes.subarray(0, size));
        for (const [at, byte] of changes) if (at < changed.length) changed[at] = byte;
        assert.match(peekClientHello(changed).kind, /^(?:need-more|not-tls|hello)$/);
      }),
    );
  });
});

function record(content: Buffer): Buffer {
  const header = Buffer.from([22, 3, 1, 0, 0]);
  header.writeUInt16BE(content.length, 3);
  return Buffer.concat([header, content]);
}
