import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { SocketAddress } from '@meltemi/base';
import { peekClientHello } from './client-hello.ts';
import { connect } from './connect.ts';
import { listen } from './listen.ts';
import { startServerTls } from './tls.ts';
import type { ClientTlsOptions, ServerTlsOptions } from './tls-options.ts';
import type { TlsInfo, Transport, TransportHandler } from './transport.ts';

interface Identity {
  readonly key: Buffer;
  readonly cert: Buffer;
}

const directory = mkdtempSync(join(tmpdir(), 'wire-tls-'));
const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
const read = (name: string): Buffer => readFileSync(join(directory, name));

/** A new P-256 key and a certificate for it. */
const newPair = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];

function makeCa(name: string): Buffer {
  openssl(...newPair, '-subj', `/O=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  return read(`${name}.pem`);
}

function makeIdentity(ca: string, name: string): Identity {
  const signed = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`];
  const uri = `subjectAltName=critical,URI:spiffe://cluster.local/ns/default/sa/${name}`;
  const extensions = ['-addext', uri, '-addext', 'basicConstraints=critical,CA:FALSE'];
  const files = ['-keyout', `${ca}-${name}.key`, '-out', `${ca}-${name}.pem`];
  openssl(...newPair, '-subj', '/', ...signed, ...extensions, ...files);
  return { key: read(`${ca}-${name}.key`), cert: read(`${ca}-${name}.pem`) };
}

const silent: TransportHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};
const deaf = { ...silent, onConnect: () => undefined };

/** Leads to the address, and cuts both sides off when so many bytes went through. */
async function cutAfter(t: TestContext, address: SocketAddress, bytes: number): Promise<SocketAddress> {
  let left = bytes;
  const relay = createServer((from) => {
    const to = connectSocket(address);
    const carry = (into: Socket) => (chunk: Buffer) => {
      into.write(chunk.subarray(0, Math.max(0, left)));
      left -= chunk.length;
      if (left <= 0) for (const side of [from, to]) side.destroySoon();
    };
    for (const side of [from, to]) side.on('error', () => undefined);
    from.on('data', carry(to));
    to.on('data', carry(from));
    from.on('close', () => to.destroySoon());
    to.on('close', () => from.destroySoon());
  });
  relay.listen(0, '127.0.0.1');
  t.after(() => relay.close());
  await once(relay, 'listening');
  return { host: '127.0.0.1', port: (relay.address() as AddressInfo).port };
}

describe('TLS on a transport', () => {
  let context: (identity: Identity | undefined) => SecureContext;
  let client: Identity;
  let server: Identity;
  let stranger: Identity;
  before(() => {
    const ca = makeCa('root');
    makeCa('other');
    client = makeIdentity('root', 'productpage');
    server = makeIdentity('root', 'reviews');
    stranger = makeIdentity('other', 'productpage');
    context = (identity) => createSecureContext({ ca, minVersion: 'TLSv1.2', ...identity });
  });
  after(() => rmSync(directory, { recursive: true }));

  interface Serving {
    readonly address: SocketAddress;
    /** One a connection: what the handshake gave, or its error's code. */
    readonly outcomes: AsyncGenerator<TlsInfo | string>;
  }

  /** Sniffs the hello, then serves TLS and echoes. */
  async function serveTls(t: TestContext, options: Partial<ServerTlsOptions> = {}): Promise<Serving> {
    const settled: (TlsInfo | string)[] = [];
    let wake = (): void => undefined;
    const settle = (outcome: TlsInfo | string): void => {
      settled.push(outcome);
      wake();
    };
    const echo = (transport: Transport): TransportHandler => ({
      ...silent,
      onData: (bytes) => {
        if (!transport.write(bytes)) transport.pauseReading();
      },
      onDrain: () => transport.resumeReading(),
      onEnd: () => transport.end(),
    });
    const listening = await listen({ host: '127.0.0.1', port: 0 }, {}, (transport) => {
      t.after(() => transport.destroy());
      let readBefore = Buffer.alloc(0);
      const sniff = (bytes: Buffer): void => {
        readBefore = Buffer.concat([readBefore, bytes]);
        const peek = peekClientHello(readBefore);
        if (peek.kind === 'need-more') return;
        const tls: ServerTlsOptions = {
          secureContext: context(server),
          alpnProtocols: ['istio-http/1.1', 'istio', 'http/1.1'],
          clientCertificate: 'require',
          ...options,
          readBefore,
        };
        startServerTls(transport, tls, {
          onSecure: (info) => {
            transport.handler = echo(transport);
            settle(info);
          },
          onError: (error) => settle(error.code),
        });
      };
      transport.handler = { ...silent, onData: sniff };
    });
    t.after(() => listening.close());
    async function* outcomes(): AsyncGenerator<TlsInfo | string> {
      for (;;) {
        while (settled.length > 0) yield settled.shift()!;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
    return { address: listening.address as SocketAddress, outcomes: outcomes() };
  }

  const clientTls = (options: Partial<ClientTlsOptions> = {}): ClientTlsOptions => ({
    secureContext: context(client),
    alpnProtocols: ['istio-http/1.1', 'istio'],
    serverName: 'outbound_.9080_._.reviews',
    ...options,
  });

  /** What a client of ours reads back, or the code of what closed it. */
  function exchange(t: TestContext, address: SocketAddress, tls: ClientTlsOptions, text = 'hello'): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let received = '';
    const transport = connect(
      address,
      { tls },
      {
        ...deaf,
        onConnect: () => {
          transport.write(text);
          transport.end();
        },
        onData: (bytes) => (received += bytes.toString('latin1')),
        onEnd: () => {
          if (received !== '') resolve(received);
        },
        onClose: (error) => resolve((error as { code?: string } | undefined)?.code ?? `closed ${received}`),
      },
    );
    t.after(() => transport.destroy());
    return promise;
  }

  it('carries bytes between two verified peers, which know each other', async (t) => {
    const { address, outcomes } = await serveTls(t);
    const infos: TlsInfo[] = [];
    const verifyPeer = (info: TlsInfo): undefined => void infos.push(info);
    assert.equal(await exchange(t, address, clientTls({ verifyPeer })), 'hello');
    const { value: serverSide } = await outcomes.next();
    assert.deepEqual(serverSide, {
      alpn: 'istio-http/1.1',
      sni: 'outbound_.9080_._.reviews',
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      peerCertificate: new X509Certificate(client.cert).raw,
      resumed: false,
    });
    assert.deepEqual(infos, [{ ...serverSide, peerCertificate: new X509Certificate(server.cert).raw }]);
  });

  it('works with TLS 1.2', async (t) => {
    const { address, outcomes } = await serveTls(t);
    const ca = read('root.pem');
    const secureContext = createSecureContext({ ca, maxVersion: 'TLSv1.2', ...client });
    assert.equal(await exchange(t, address, clientTls({ secureContext })), 'hello');
    assert.equal(((await outcomes.next()).value as TlsInfo).version, 'TLSv1.2');
  });

  it('carries 5 MB unchanged against backpressure', async (t) => {
    const { address } = await serveTls(t);
    const text = Array.from({ length: 1 << 19 }, (_, i) => `${i}`.padStart(10)).join('');
    assert.ok((await exchange(t, address, clientTls(), text)) === text);
  });

  it('refuses a client without a certificate', async (t) => {
    const { address, outcomes } = await serveTls(t);
    void exchange(t, address, clientTls({ secureContext: context(undefined) }));
    assert.equal((await outcomes.next()).value, 'TLS_NO_PEER_CERTIFICATE');
  });

  it('refuses a client of another CA, also where a certificate is only requested', async (t) => {
    for (const clientCertificate of ['require', 'request'] as const) {
      const { address, outcomes } = await serveTls(t, { clientCertificate });
      void exchange(t, address, clientTls({ secureContext: context(stranger) }));
      assert.equal((await outcomes.next()).value, 'TLS_PEER_REFUSED');
    }
  });

  it('lets a client without certificate in where it is only requested', async (t) => {
    const { address, outcomes } = await serveTls(t, { clientCertificate: 'request' });
    assert.equal(await exchange(t, address, clientTls({ secureContext: context(undefined) })), 'hello');
    assert.equal(((await outcomes.next()).value as TlsInfo).peerCertificate, undefined);
  });

  it('refuses a peer that the caller refuses, on either side', async (t) => {
    const verifyPeer = (): string => 'wrong SAN';
    const refusing = await serveTls(t, { verifyPeer });
    const heard = exchange(t, refusing.address, clientTls());
    assert.equal((await refusing.outcomes.next()).value, 'TLS_PEER_REFUSED');
    assert.notEqual(await heard, 'hello');
    const { address } = await serveTls(t);
    assert.equal(await exchange(t, address, clientTls({ verifyPeer })), 'TLS_PEER_REFUSED');
  });

  it('refuses a server of another CA', async (t) => {
    const { address, outcomes } = await serveTls(t, { secureContext: context(stranger) });
    assert.equal(await exchange(t, address, clientTls()), 'TLS_PEER_REFUSED');
    assert.equal((await outcomes.next()).value, 'TLS_FAILED');
  });

  it('agrees on the protocol that the server prefers', async (t) => {
    const { address, outcomes } = await serveTls(t, { alpnProtocols: ['h2', 'istio'] });
    assert.equal(await exchange(t, address, clientTls()), 'hello');
    assert.equal(((await outcomes.next()).value as TlsInfo).alpn, 'istio');
  });

  it('fails when the client goes away in the handshake', async (t) => {
    const { address, outcomes } = await serveTls(t);
    const probe = connectSocket(address.port, address.host);
    t.after(() => void probe.destroy());
    await once(probe, 'connect');
    // The beginning of a real hello is enough to be taken for TLS; then nothing comes.
    probe.end(Buffer.from('16030100040100ffff', 'hex'));
    probe.destroySoon();
    const hello = connectTls({ ...address, rejectUnauthorized: false });
    hello.on('error', () => undefined);
    hello.once('connect', () => setImmediate(() => hello.destroy()));
    assert.match(String((await outcomes.next()).value), /^TLS_(?:FAILED|PEER_REFUSED)$/);
  });

  it('serves on after connections that were cut at any point, by either side', async (t) => {
    const { address, outcomes } = await serveTls(t);
    for (let allowed = 1; allowed < 3000; allowed += 97) {
      const relay = await cutAfter(t, address, allowed);
      const socket = connectTls({ ...relay, ca: read('root.pem'), ...client, checkServerIdentity: () => undefined });
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => undefined);
      socket.on('data', () => socket.destroy());
      socket.write('x'.repeat(500));
      await closed;
    }
    const cut: (TlsInfo | string)[] = [];
    assert.equal(await exchange(t, address, clientTls()), 'hello');
    for await (const outcome of outcomes) {
      cut.push(outcome);
      if (typeof outcome !== 'string' && outcome.alpn === 'istio-http/1.1') break;
    }
    assert.ok(cut.includes('TLS_FAILED'), 'some were cut in the handshake');
  });

  it('refuses to renegotiate', async (t) => {
    const { address } = await serveTls(t);
    const tls12 = { maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined } as const;
    const socket = connectTls({ ...address, ca: read('root.pem'), ...client, ...tls12 });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.renegotiate({}, () => undefined);
    await closed;
  });

  it('reads what comes with the last byte of the handshake', async (t) => {
    const { address } = await serveTls(t);
    const peer: TLSSocket = connectTls({
      ...address,
      ca: read('root.pem'),
      ...client,
      checkServerIdentity: () => undefined,
    });
    t.after(() => void peer.destroy());
    // Written before the handshake began: leaves together with the client's Finished.
    peer.write('at once');
    const [bytes] = await once(peer, 'data');
    assert.equal(String(bytes), 'at once');
  });

  it('says so when a plaintext server answers', async (t) => {
    const listening = await listen({ host: '127.0.0.1', port: 0 }, {}, (transport) => {
      t.after(() => transport.destroy());
      transport.handler = { ...silent, onData: () => transport.write('HTTP/1.1 400 Bad Request\r\n\r\n') };
    });
    t.after(() => listening.close());
    assert.equal(await exchange(t, listening.address as SocketAddress, clientTls()), 'TLS_FAILED');
  });
});
