import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { SocketAddress } from '@meltemi/base';
import { connect, type ConnectHandler } from './connect.ts';
import { listen } from './listen.ts';
import { highWaterMark, type Transport, type TransportAddress, type TransportHandler } from './transport.ts';

const silent: TransportHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

/** A listening socket whose connections get the handler that `serve` makes. */
async function serve(
  t: TestContext,
  handlerOf: (transport: Transport) => Partial<TransportHandler>,
  address: TransportAddress = { host: '127.0.0.1', port: 0 },
): Promise<TransportAddress> {
  const listening = await listen(address, {}, (transport) => {
    transport.handler = { ...silent, ...handlerOf(transport) };
    t.after(() => transport.destroy());
  });
  t.after(() => listening.close());
  return listening.address;
}

function dial(t: TestContext, address: TransportAddress, handler: Partial<ConnectHandler>): Transport {
  const transport = connect(address, {}, { ...silent, onConnect: () => undefined, ...handler });
  t.after(() => transport.destroy());
  return transport;
}

async function rawClient(t: TestContext, address: TransportAddress): Promise<Socket> {
  const socket = connectSocket({ ...(address as SocketAddress), allowHalfOpen: true });
  socket.on('error', () => undefined);
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const echo = (transport: Transport): Partial<TransportHandler> => ({
  onData: (bytes) => {
    if (!transport.write(bytes)) transport.pauseReading();
  },
  onDrain: () => transport.resumeReading(),
  onEnd: () => transport.end(),
});

describe('Transport', () => {
  it('carries bytes both ways, then closes when both sides ended', async (t) => {
    const serverClosed = Promise.withResolvers<Error | undefined>();
    const address = await serve(t, (transport) => ({ ...echo(transport), onClose: serverClosed.resolve }));
    const events: string[] = [];
    const closed = Promise.withResolvers<void>();
    const transport = dial(t, address, {
      onConnect: () => {
        events.push('connect');
        transport.write('caf\xe9');
        transport.end();
      },
      onData: (bytes) => events.push(bytes.toString('latin1')),
      onEnd: () => events.push('end'),
      onClose: (error) => {
        events.push(`close ${error}`);
        closed.resolve();
      },
    });
    await closed.promise;
    assert.deepEqual(events, ['connect', 'caf\xe9', 'end', 'close undefined']);
    assert.equal(await serverClosed.promise, undefined);
    assert.equal(transport.open, false);
    assert.deepEqual(transport.remoteAddress, address);
  });

  it('sends what was written before the connection stood', async (t) => {
    const address = await serve(t, echo);
    const got = Promise.withResolvers<string>();
    const transport = dial(t, address, { onData: (bytes) => got.resolve(bytes.toString()) });
    transport.write('early');
    assert.equal(transport.bytesQueued, 5);
    assert.equal(await got.promise, 'early');
    assert.equal(transport.bytesQueued, 0);
  });

  it('works over a Unix socket', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'wire-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const address = await serve(t, echo, { path: join(directory, 'socket') });
    const got = Promise.withResolvers<string>();
    const transport = dial(t, address, {
      onConnect: () => transport.write('hello'),
      onData: (bytes) => got.resolve(bytes.toString()),
    });
    assert.equal(await got.promise, 'hello');
  });

  it('carries 20 MB through a slow reader unchanged, with bounded memory', async (t) => {
    let queued = 0;
    const address = await serve(t, (transport) => ({
      ...echo(transport),
      onData: (bytes) => {
        if (!transport.write(bytes)) transport.pauseReading();
        queued = Math.max(queued, transport.bytesQueued);
      },
    }));
    const block = Buffer.alloc(1 << 20, 0).map((_, i) => i * 7 + (i >> 8));
    const client = await rawClient(t, address);
    const sent = createHash('sha256');
    const received = createHash('sha256');
    let size = 0;
    client.on('data', (bytes: Buffer) => {
      received.update(bytes);
      size += bytes.length;
      client.pause();
      setImmediate(() => client.resume());
    });
    for (let i = 0; i < 20; i++) {
      block[0] = i;
      sent.update(block);
      if (!client.write(Buffer.from(block))) await once(client, 'drain');
    }
    client.end();
    await once(client, 'end');
    assert.equal(size, 20 << 20);
    assert.equal(received.digest('hex'), sent.digest('hex'));
    assert.ok(queued <= 3 * highWaterMark, `${queued} bytes were queued`);
  });

  it('says when it is full and when it is drained', async (t) => {
    const accepted = Promise.withResolvers<Transport>();
    const drained = Promise.withResolvers<void>();
    const address = await serve(t, (transport) => {
      accepted.resolve(transport);
      return { onDrain: drained.resolve };
    });
    const client = await rawClient(t, address);
    const transport = await accepted.promise;
    const chunk = Buffer.alloc(highWaterMark);
    let writes = 0;
    while (transport.write(chunk)) writes++;
    assert.ok(writes < 1000 && transport.bytesQueued > highWaterMark);
    client.resume();
    await drained.promise;
    assert.equal(transport.bytesQueued, 0);
    assert.equal(transport.write('x'), true);
  });

  it('is drained also while it is corked', async (t) => {
    const accepted = Promise.withResolvers<Transport>();
    const drained = Promise.withResolvers<void>();
    const address = await serve(t, (transport) => {
      accepted.resolve(transport);
      return { onDrain: drained.resolve };
    });
    const client = await rawClient(t, address);
    const transport = await accepted.promise;
    while (transport.write(Buffer.alloc(highWaterMark)));
    transport.cork();
    assert.equal(transport.write('held back'), false);
    client.resume();
    await drained.promise;
    assert.equal(transport.bytesQueued, 'held back'.length);
    const last = once(client, 'end');
    transport.uncork();
    transport.end();
    await last;
    assert.equal(transport.bytesQueued, 0);
  });

  it('joins corked writes in order, small and large', async (t) => {
    const large = 'L'.repeat(100_000);
    const address = await serve(t, (transport) => ({
      onData: () => {
        transport.cork();
        transport.cork();
        transport.write('head ');
        transport.write(Buffer.from('body '));
        transport.uncork();
        transport.write(Buffer.from(large));
        transport.write(' tail');
        transport.uncork();
        transport.end();
      },
    }));
    const client = await rawClient(t, address);
    client.write('go');
    let text = '';
    for await (const bytes of client) text += bytes as string;
    assert.equal(text, `head body ${large} tail`);
  });

  it('reads on after the peer was told the end, and writes on after the peer ended', async (t) => {
    const closed = Promise.withResolvers<void>();
    const address = await serve(t, (transport) => ({
      onEnd: () => {
        transport.write('after your end');
        transport.end();
      },
      onClose: () => closed.resolve(),
    }));
    const client = await rawClient(t, address);
    client.end('mine');
    const [bytes] = await once(client, 'data');
    assert.equal(String(bytes), 'after your end');
    await closed.promise;
  });

  it('stops reading when paused', async (t) => {
    const accepted = Promise.withResolvers<Transport>();
    const received: string[] = [];
    const more = Promise.withResolvers<void>();
    const address = await serve(t, (transport) => {
      transport.pauseReading();
      accepted.resolve(transport);
      return {
        onData: (bytes) => {
          received.push(bytes.toString());
          more.resolve();
        },
      };
    });
    const client = await rawClient(t, address);
    await new Promise<void>((resolve) => client.write('one', () => resolve()));
    const transport = await accepted.promise;
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(received, []);
    transport.resumeReading();
    await more.promise;
    assert.deepEqual(received, ['one']);
  });

  it('tells a reset from an end', async (t) => {
    const accepted = Promise.withResolvers<Transport>();
    const closed = Promise.withResolvers<Error | undefined>();
    const address = await serve(t, (transport) => {
      accepted.resolve(transport);
      return { onClose: closed.resolve };
    });
    const client = await rawClient(t, address);
    await accepted.promise;
    client.resetAndDestroy();
    const error = await closed.promise;
    assert.equal((error as { code?: string } | undefined)?.code, 'CONNECTION_RESET');
  });

  it('resets', async (t) => {
    const address = await serve(t, (transport) => ({ onData: () => transport.reset() }));
    const client = await rawClient(t, address);
    const failed = once(client, 'error');
    client.write('x');
    client.resume();
    const [error] = await failed;
    assert.equal((error as { code?: string }).code, 'ECONNRESET');
  });

  it('closes once on destroy and hears nothing more', async (t) => {
    const address = await serve(t, echo);
    const closed = Promise.withResolvers<void>();
    let closes = 0;
    const transport = dial(t, address, {
      onConnect: () => transport.write('hello'),
      onData: () => {
        transport.destroy();
        transport.destroy();
        assert.equal(transport.open, false);
        assert.equal(transport.write('x'), false);
      },
      onClose: () => {
        closes++;
        setImmediate(closed.resolve);
      },
    });
    await closed.promise;
    assert.equal(closes, 1);
  });

  it('says why it could not connect', async (t) => {
    const listening = await listen({ host: '127.0.0.1', port: 0 }, {}, (transport) => transport.destroy());
    await listening.close();
    const closed = Promise.withResolvers<Error | undefined>();
    dial(t, listening.address, { onConnect: () => assert.fail(), onClose: closed.resolve });
    const error = await closed.promise;
    assert.equal((error as { code?: string } | undefined)?.code, 'CONNECT_FAILED');
    assert.match(error!.message, /^connect 127\.0\.0\.1:\d+: connect ECONNREFUSED/);
  });

  it('can be given up while it connects', async (t) => {
    const address = await serve(t, echo);
    const closed = Promise.withResolvers<Error | undefined>();
    const transport = dial(t, address, { onConnect: () => assert.fail(), onClose: closed.resolve });
    transport.destroy();
    assert.equal(await closed.promise, undefined);
  });
});

describe('listen', () => {
  it('refuses an address that is in use', async (t) => {
    const address = await serve(t, echo);
    await assert.rejects(
      listen(address, {}, () => undefined),
      { code: 'ADDRESS_IN_USE' },
    );
  });

  it('stops accepting at once and leaves connections alone', async (t) => {
    const accepted = Promise.withResolvers<Transport>();
    const listening = await listen({ host: '127.0.0.1', port: 0 }, {}, (transport) => {
      transport.handler = { ...silent, ...echo(transport) };
      accepted.resolve(transport);
    });
    const client = await rawClient(t, listening.address);
    const transport = await accepted.promise;
    t.after(() => transport.destroy());
    await listening.close();
    client.write('still here');
    const [bytes] = await once(client, 'data');
    assert.equal(String(bytes), 'still here');
  });

  it('closes a connection that nobody takes care of', async (t) => {
    const listening = await listen({ host: '127.0.0.1', port: 0 }, {}, () => undefined);
    t.after(() => listening.close());
    const client = await rawClient(t, listening.address);
    client.write('x');
    client.resume();
    await once(client, 'end');
  });
});
