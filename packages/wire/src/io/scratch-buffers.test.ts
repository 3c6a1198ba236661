import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import type { SocketAddress } from '@meltemi/base';
import { listen } from './listen.ts';
import { giveScratch, takeScratch } from './scratch-buffers.ts';
import type { Transport } from './transport.ts';

test('a block is used again once it was given back, not before', () => {
  const first = takeScratch(Buffer.from('first'));
  const second = takeScratch(Buffer.from('second'));
  assert.equal(first.toString('latin1', 0, 5), 'first');
  giveScratch(second);
  assert.equal(takeScratch(Buffer.from('third')), second);
  assert.equal(first.toString('latin1', 0, 5), 'first');
});

test('bytes of connections that are carried at the same time stay apart', async (t) => {
  const listening = await listen({ host: '127.0.0.1', port: 0 }, {}, echo);
  t.after(() => listening.close());
  const size = 4 * 1024 * 1024;
  const clients = [1, 2, 3, 4].map(async (letter) => {
    const socket = connect({ ...(listening.address as SocketAddress), allowHalfOpen: true });
    socket.end(Buffer.alloc(size, letter));
    const seen = await readSlowly(socket);
    assert.deepEqual([seen.length, new Set(seen)], [size, new Set([letter])]);
  });
  await Promise.all(clients);
});

function echo(transport: Transport): void {
  transport.handler = {
    onData: (bytes) => {
      if (!transport.write(bytes)) transport.pauseReading();
    },
    onDrain: () => transport.resumeReading(),
    onEnd: () => transport.end(),
    onClose: () => {},
  };
}

/** In turns of the event loop, so that the kernel's buffers fill up and writes wait. */
async function readSlowly(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Buffer.concat(chunks);
}
