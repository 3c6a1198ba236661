// Attacks on a running proxy: each is bounded in memory and processor time, and an honest client is served meanwhile.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer as createHttpServer, get as httpGet, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type GuardedProxy, startGuardedProxy } from './support/guarded-proxy.ts';
import { rawExchange } from './support/raw-exchange.ts';
import { FLAG, FRAME, frame, getBlock, RawHttp2, uint32 } from './support/raw-http2.ts';

const MB = 1024 * 1024;
/** What one attack may make the proxy hold. */
const MOST_GROWTH = 50 * MB;
/** ENHANCE_YOUR_CALM. */
const CALM = 11;
const WHOLE = FLAG.endHeaders | FLAG.endStream;

/** Asks as long as it is not stopped, and counts what it got. */
class HonestClient {
  readonly statuses = new Map<number | string, number>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(port: number) {
    this.#port = port;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    do {
      const status = await this.#ask().catch((error: Error) => error.message);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    } while (!this.#stopped);
  }

  async #ask(): Promise<number> {
    const request = httpGet({
      port: this.#port,
      host: '127.0.0.1',
      agent: this.#agent,
      path: '/honest',
      timeout: 5000,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response.statusCode!;
  }
}

/** Runs the attack beside an honest client, and holds the proxy to its bounds. */
async function withstand(proxy: GuardedProxy, attack: () => Promise<void>): Promise<void> {
  await rawExchange(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 1);
  const [before, client] = [proxy.cost(), process.cpuUsage()];
  const honest = new HonestClient(proxy.port);
  try {
    await attack();
  } finally {
    await honest.stop();
  }
  const after = proxy.cost();
  const spent = process.cpuUsage(client);
  const growth = after.bytes - before.bytes;
  assert.ok(growth < MOST_GROWTH, `memory grew by ${growth} bytes`);
  assert.ok(
    (after.cpuMs - before.cpuMs) * 10 < spent.user + spent.system,
    `${after.cpuMs - before.cpuMs} ms of processor`,
  );
  assert.deepEqual([...honest.statuses.keys()], [200]);
}

/** Sends rounds of frames until the server closes. */
async function flood(client: RawHttp2, round: (index: number) => Buffer, rounds = 200_000): Promise<void> {
  for (let index = 0; index < rounds && !client.closed; index += 100) {
    const frames = Array.from({ length: 100 }, (_, at) => round(index + at));
    await client.write(Buffer.concat(frames));
    await new Promise((resolve) => void setImmediate(resolve));
  }
  await client.whenClosed();
}

const open = frame(FRAME.headers, FLAG.endHeaders, 1, getBlock());
const head = (index: number, flags: number = WHOLE): Buffer => frame(FRAME.headers, flags, 2 * index + 1, getBlock());

/** Each ends in GOAWAY with the code given; `first` is sent once. */
const FLOODS: readonly (readonly [id: string, round: (index: number) => Buffer, code: number, first?: Buffer])[] = [
  [
    'H1 rapid reset',
    (at) => Buffer.concat([head(at, FLAG.endHeaders), frame(FRAME.reset, 0, 2 * at + 1, uint32(8))]),
    CALM,
  ],
  [
    'H1 resets that we are made to send',
    (at) => Buffer.concat([head(at, FLAG.endHeaders), frame(FRAME.windowUpdate, 0, 2 * at + 1, uint32(0))]),
    CALM,
  ],
  [
    'H1 windows that overflow',
    (at) => Buffer.concat([head(at, FLAG.endHeaders), frame(FRAME.windowUpdate, 0, 2 * at + 1, uint32(0x7fff_ffff))]),
    CALM,
  ],
  [
    'H2 CONTINUATION with bytes',
    () => frame(FRAME.continuation, 0, 1, Buffer.alloc(1000)),
    CALM,
    frame(FRAME.headers, 0, 1),
  ],
  ['H2 CONTINUATION without bytes', () => frame(FRAME.continuation, 0, 1), CALM, frame(FRAME.headers, 0, 1)],
  ['H3 PING', () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)), CALM],
  ['H3 SETTINGS', () => frame(FRAME.settings, 0, 0), CALM],
  ['H3 PRIORITY', (at) => frame(FRAME.priority, 0, 2 * at + 1, Buffer.alloc(5)), CALM],
  ['H3 empty DATA', () => frame(FRAME.data, 0, 1), CALM, open],
  ['H3 WINDOW_UPDATE', () => frame(FRAME.windowUpdate, 0, 0, uint32(1)), CALM],
  ['H3 frames of unknown type', () => frame(0x4d, 0, 0, Buffer.alloc(20)), CALM],
  ['H3 trailers without end', () => frame(FRAME.headers, FLAG.endHeaders, 1), CALM, open],
  ['H3 a window of the connection that overflows', () => frame(FRAME.windowUpdate, 0, 0, uint32(0x7fff_ffff)), 3],
  ['H4 SETTINGS of many entries', () => frame(FRAME.settings, 0, 0, Buffer.alloc(6 * 2000)), CALM],
  ['H8 DATA on stream 0', () => frame(FRAME.data, 0, 0, Buffer.alloc(1)), 1],
  ['H8 even stream', () => frame(FRAME.headers, WHOLE, 2, getBlock()), 1],
];

test('floods over HTTP/2 end their connection, and cost little', async (context) => {
  const proxy = await startGuardedProxy(context);
  for (const [id, round, code, first] of FLOODS) {
    await context.test(id, async () => {
      const client = new RawHttp2(proxy.port);
      await withstand(proxy, async () => {
        if (first) await client.write(first);
        await flood(client, round);
      });
      client.destroy();
      assert.equal(client.goAway, code);
    });
  }
});

test('H3: answers that nobody reads are bounded', async (context) => {
  const proxy = await startGuardedProxy(context);
  const client = new RawHttp2(proxy.port);
  context.after(() => client.destroy());
  client.stopReading();
  await withstand(proxy, async () => {
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))));
    for (let round = 0; round < 100; round++) client.write(pings).catch(() => undefined);
    await pause(500);
  });
});

test('H5, H6: a small head that is large decoded, and one of too many fields, are answered 431', async (context) => {
  const proxy = await startGuardedProxy(context);
  const [large, index] = ['a'.repeat(3900), 0x80 | 62];
  const indexed = Buffer.concat([
    Buffer.of(0x40, 1),
    Buffer.from('x'),
    Buffer.of(127, ...varint(3900 - 127)),
    Buffer.from(large),
  ]);
  const bombs: Readonly<Record<string, Buffer>> = {
    'one entry, named 4000 times': Buffer.concat([getBlock(), indexed, Buffer.alloc(4000, index)]),
    'cookie crumbs': getBlock(
      '/',
      Array.from({ length: 500 }, () => ['cookie', 'a=b'] as const),
    ),
    'tiny fields': getBlock(
      '/',
      Array.from({ length: 1000 }, (_, at) => [`x${at}`, ''] as const),
    ),
  };
  for (const [id, block] of Object.entries(bombs)) {
    await context.test(id, async () => {
      const client = new RawHttp2(proxy.port);
      await withstand(proxy, async () => {
        await client.write(frame(FRAME.headers, WHOLE, 1, block));
        await client.write(frame(FRAME.headers, WHOLE, 3, getBlock('/after')));
        await client.until(() => client.answered.has(1) && client.answered.has(3));
      });
      client.destroy();
      assert.ok(proxy.takeSeen().filter((request) => request !== 'GET /honest').length <= 2);
    });
  }
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** Answers everything without end, as fast as it is read; tells how much left it. */
async function startTorrent(context: TestContext): Promise<{ port: number; sent: () => number }> {
  let sent = 0;
  const piece = Buffer.alloc(64 * 1024);
  const pour = (socket: Socket): void => {
    while (!socket.destroyed && socket.write(piece)) sent += piece.length;
    sent += piece.length;
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('drain', () => pour(socket));
    socket.once('data', (request: Buffer) => {
      if (request.includes('/honest') || request.includes('GET / '))
        return void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      pour(socket);
    });
  });
  return { port: await listening(context, server), sent: () => sent };
}

/** Takes a connection's first bytes, and reads no more. */
async function startDeaf(context: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request: Buffer) => {
      if (request.includes('/honest') || request.includes('GET / '))
        return void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      socket.pause();
    });
  });
  return listening(context, server);
}

async function listening(context: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => void sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The value that a count has when it stopped to grow. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1, rounds = 0; rounds < 40; rounds++) {
    if (count() === last && last > 0) return last;
    last = count();
    await pause(250);
  }
  assert.fail(`still grows: ${count()}`);
}

test('H7, F11: a fast upstream waits for clients that read slowly, by HTTP/1.1 and HTTP/2', async (context) => {
  const torrent = await startTorrent(context);
  const proxy = await startGuardedProxy(context, { stream_idle_timeout: '3s' }, torrent.port);
  await context.test('a client of HTTP/1.1 that reads nothing', async () => {
    const socket = connect(proxy.port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write('GET /torrent HTTP/1.1\r\nHost: a\r\n\r\n');
    await withstand(proxy, async () => void (await settled(torrent.sent)));
    socket.destroy();
  });
  await context.test('100 streams of HTTP/2 with no window, ended by the stream idle timeout', async () => {
    const client = new RawHttp2(proxy.port, Buffer.from([0, 4, 0, 0, 0, 0]));
    await withstand(proxy, async () => {
      const block = getBlock('/torrent');
      const heads = Array.from({ length: 100 }, (_, at) => frame(FRAME.headers, WHOLE, 2 * at + 1, block));
      await client.write(Buffer.concat(heads));
      await client.until(() => client.answered.size === 100);
      await client.until(() => client.resets.size === 100, 10_000);
    });
    assert.equal(client.received, 0);
    client.destroy();
  });
});

test('a fast client waits for an upstream that reads nothing', async (context) => {
  const proxy = await startGuardedProxy(context, {}, await startDeaf(context));
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`POST /deaf HTTP/1.1\r\nHost: a\r\nContent-Length: ${1024 * MB}\r\n\r\n`);
  const piece = Buffer.alloc(64 * 1024);
  let sent = 0;
  const pour = (): void => {
    do sent += piece.length;
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', pour);
  pour();
  await withstand(proxy, async () => void (await settled(() => sent)));
  socket.destroy();
});

test('F6: 300,000 chunks of one byte', async (context) => {
  const proxy = await startGuardedProxy(context);
  const chunks = '1\r\na\r\n'.repeat(10_000);
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await withstand(proxy, async () => {
    const answered = once(socket, 'data');
    socket.write('POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let round = 0; round < 30; round++) if (!socket.write(chunks)) await once(socket, 'drain');
    socket.write('0\r\n\r\n');
    assert.match(String((await answered)[0]), /^HTTP\/1.1 200/);
  });
  socket.destroy();
});

test('F7: a pipeline of bad requests gets one answer', async (context) => {
  const proxy = await startGuardedProxy(context);
  await withstand(proxy, async () => {
    const { statuses } = await rawExchange(proxy.port, 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10_000));
    assert.ok(statuses.length <= 1);
  });
});

test('F7: a pipeline whose answers nobody reads is served no further than buffers go', async (context) => {
  let served = 0;
  const answer = Buffer.alloc(64 * 1024);
  const upstream = createHttpServer((request, response) => {
    if (request.url === '/many') served++;
    response.end(request.url === '/many' ? answer : '');
  });
  const proxy = await startGuardedProxy(context, {}, await listening(context, upstream));
  const socket = connect(proxy.port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  const requests = 'GET /many HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000);
  await withstand(proxy, async () => {
    for (let round = 0; round < 20; round++) socket.write(requests);
    await settled(() => served);
  });
  assert.ok(served < 1000, `${served} requests`);
  socket.destroy();
});

test('F11: slow heads end by the request headers timeout, slow bodies by the stream idle timeout', async (context) => {
  const proxy = await startGuardedProxy(context, { request_headers_timeout: '1s', stream_idle_timeout: '1s' });
  const slow = async (first: string, drip: string): Promise<string> => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(first);
    const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), 100);
    await once(socket, 'close');
    clearInterval(dripping);
    return text.split('\r\n')[0]!;
  };
  await withstand(proxy, async () => {
    const heads = Array.from({ length: 100 }, () => slow('GET / HTTP/1.1\r\nHost: a\r\n', 'x: y\r\n'));
    const bodies = Array.from({ length: 100 }, () =>
      slow('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n', ''),
    );
    const answers = new Set(await Promise.all([...heads, ...bodies]));
    assert.deepEqual([...answers], ['HTTP/1.1 408 Request Timeout']);
  });
});

test('H14: a thousand idle connections cost little, and the next is served', async (context) => {
  const proxy = await startGuardedProxy(context);
  const sockets: Socket[] = [];
  await withstand(proxy, async () => {
    for (let at = 0; at < 1000; at++) {
      const socket = connect(proxy.port, '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
    }
    const { statuses } = await rawExchange(proxy.port, 'GET /last HTTP/1.1\r\nHost: a\r\n\r\n', 1);
    assert.deepEqual(statuses, [200]);
  });
  for (const socket of sockets) socket.destroy();
});
