// Holds exchanges to their contract whatever upstreams and clients do to each other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { it } from 'node:test';
import fc from 'fast-check';
import { Recorder, request, staticCluster, testClusters } from './test-clusters.ts';

/** What an upstream does with a request; what the client does with its exchange. */
const BEHAVIOURS = [
  'good',
  'chunked',
  'slow',
  'close',
  'reset',
  'half',
  'close-after',
  'surplus',
  'garbage',
  'until-close',
] as const;
const CLIENTS = ['whole', 'body', 'late-body', 'give-up', 'give-up-connected'] as const;
type Behaviour = (typeof BEHAVIOURS)[number];

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

function behave(socket: Socket, behaviour: Behaviour): void {
  const answers: Readonly<Record<Behaviour, () => void>> = {
    good: () => void socket.write(OK),
    chunked: () => void socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    slow: () => void setImmediate(() => socket.write(OK)),
    close: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    half: () => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no'),
    'close-after': () => void socket.end(OK),
    surplus: () => void socket.write(`${OK}${OK}`),
    garbage: () => void socket.write('nonsense\r\n\r\n'),
    'until-close': () => void socket.end('HTTP/1.1 200 OK\r\n\r\nok'),
  };
  answers[behaviour]();
}

/** The target of a request says what to do with it, so that the order of connections does not matter. */
async function obedientServer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let text = '';
    sockets.add(socket.on('error', () => {}));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const asked = /^POST \/(\S+) [^]*\r\n\r\n(?:\w{3})$/.exec(text);
      if (!asked) return;
      text = '';
      behave(socket, asked[1] as Behaviour);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, sockets, port: (server.address() as AddressInfo).port };
}

it('ends every exchange exactly once and counts nothing that is over, whatever both sides do', async () => {
  const { server, sockets, port } = await obedientServer();
  const plan = fc.array(fc.tuple(fc.constantFrom(...BEHAVIOURS), fc.constantFrom(...CLIENTS)), {
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(plan, fc.integer({ min: 1, max: 4 }), async (steps, maxConnections) => {
      const circuitBreakers = { thresholds: [{ maxConnections, maxPendingRequests: 20 }] };
      const { manager, stat } = testClusters();
      manager.addStatic([staticCluster('c', [{ port }], { circuitBreakers })]);
      const cluster = manager.get('c')!;
      const ends = await Promise.all(
        steps.map(async ([behaviour, client]) => {
          const recorder = new Recorder();
          const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder);
          if (!exchange) return [];
          exchange.sendHead(request({ method: 'POST', target: `/${behaviour}`, bodyLength: 3 }));
          if (client === 'give-up') exchange.reset();
          if (client === 'give-up-connected' || client === 'late-body')
            await Promise.race([recorder.next('connected'), recorder.over()]);
          if (client === 'give-up-connected') exchange.reset('timeout');
          exchange.sendBody(Buffer.from('a'));
          exchange.sendBody(Buffer.from('bc'));
          exchange.end();
          if (client.startsWith('give-up')) return recorder.events;
          await recorder.over();
          if (recorder.events.includes('end')) assert.equal(recorder.text, 'ok');
          return recorder.events;
        }),
      );
      await new Promise((resolve) => setImmediate(resolve));
      for (const [index, events] of ends.entries()) {
        const over = events.filter((event) => event === 'end' || event.startsWith('reset'));
        const gaveUp = steps[index]![1].startsWith('give-up');
        assert.ok(events.length === 0 || over.length === 1 || gaveUp, events.join());
        assert.ok(over.length <= 1, events.join());
        assert.ok(over.length === 0 || over[0] === events.at(-1), `${events.join()}: nothing may follow the end`);
      }
      assert.deepEqual([stat('c', 'upstream_rq_active'), stat('c', 'upstream_rq_pending_active')], [0, 0]);
      assert.ok(stat('c', 'upstream_cx_active')! <= Math.max(1, maxConnections));
      manager.close();
      assert.equal(manager.get('c'), undefined);
    }),
    { numRuns: 60 },
  );
  for (const socket of sockets) socket.destroy();
  server.close();
});
