// Conversations through the first sidecar: HTTP/2 streams, gRPC, WebSocket's upgrade, TCP. Each rejects on a wrong byte.
import { Client, credentials, status as Status } from '@grpc/grpc-js';
import { once } from 'node:events';
import { request as send } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { ECHO_METHOD } from './application.ts';

/** Messages of a conversation, and milliseconds between them: it meets several changes of configuration. */
const MESSAGES = 20;
const PAUSE_MS = 50;
const DEADLINE_MS = 60_000;

const bytes = (value: Buffer) => value;

/** Eight requests on one connection. */
export async function http2Requests(port: number, number: number): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  try {
    await Promise.all(Array.from({ length: 8 }, (_, stream) => http2Request(session, number * 8 + stream)));
  } finally {
    session.close();
  }
}

async function http2Request(session: ClientHttp2Session, number: number): Promise<void> {
  const body = Buffer.alloc(1000 + (number % 7) * 20_000, `${number} `);
  const stream = session.request({ ':path': `/h2/${number}`, ':method': 'POST', 'x-by': number % 2 ? 'h1' : 'h2' });
  stream.setTimeout(DEADLINE_MS, () => stream.destroy(new Error('http2: no answer')));
  let status = 0;
  stream.once('response', (headers) => (status = headers[':status'] ?? 0));
  stream.end(body);
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  const answer = Buffer.concat(parts);
  if (status !== 200 || !answer.equals(body)) {
    throw new Error(
      `http2: ${status}, ${answer.length} of ${body.length} bytes, ${answer.subarray(0, 120).toString()}`,
    );
  }
}

/** A bidirectional stream: each message comes back before the next is sent. */
export class GrpcTraffic {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  converse(number: number): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    const call = this.#client.makeBidiStreamRequest(ECHO_METHOD, bytes, bytes, { deadline });
    const message = (index: number) => Buffer.alloc(10 + index * 50, `${number}.${index} `);
    return new Promise((resolve, reject) => {
      let heard = 0;
      call.on('error', (error) => reject(new Error(`grpc: ${error.message} after ${heard} messages`)));
      call.on('status', ({ code }) => {
        if (code === Status.OK && heard === MESSAGES) resolve();
        else reject(new Error(`grpc: status ${code} after ${heard} messages`));
      });
      call.on('data', (answer: Buffer) => {
        if (!answer.equals(message(heard))) call.cancel();
        heard++;
        if (heard === MESSAGES) call.end();
        else setTimeout(() => call.write(message(heard)), PAUSE_MS);
      });
      call.write(message(0));
    });
  }

  close(): void {
    this.#client.close();
  }
}

export async function webSocketConversation(port: number, number: number): Promise<void> {
  const request = send({
    port,
    path: `/ws/${number}`,
    agent: false,
    headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': KEY },
  });
  const answered = new Promise<Duplex>((resolve, reject) => {
    request.once('upgrade', (_response, socket) => resolve(socket));
    request.once('response', ({ statusCode }) => reject(new Error(`websocket: ${statusCode}`)));
    request.once('error', (error) => reject(new Error(`websocket: ${error.message}`)));
  });
  request.end();
  await converse(await answered, `websocket ${number}`);
}

const KEY = Buffer.alloc(16).toString('base64');

export async function tcpConversation(port: number, number: number): Promise<void> {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  await converse(socket, `tcp ${number}`);
}

/** Sends a message, awaits it back, and so on; then half-closes and awaits the end. */
async function converse(socket: Duplex, name: string): Promise<void> {
  const kind = name.split(' ')[0];
  const heard = byteReader(socket);
  try {
    for (let index = 0; index < MESSAGES; index++) {
      const message = Buffer.alloc(1 + index * 997, `${name}.${index} `);
      socket.write(message);
      const answer = await heard(message.length);
      if (!answer.equals(message)) throw new Error(`${answer.length} of ${message.length} bytes in message ${index}`);
      await after(PAUSE_MS);
    }
    socket.end();
    const rest = await heard(1);
    if (rest.length > 0) throw new Error('bytes after the end');
  } catch (error) {
    throw new Error(`${kind}: ${(error as Error).message}`, { cause: error });
  } finally {
    socket.destroy();
  }
}

/** Answers so many bytes, or fewer when the peer has ended. */
function byteReader(socket: Duplex): (length: number) => Promise<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  const parts = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  return async (length) => {
    while (held.length < length) {
      const part = await parts.next();
      if (part.done) break;
      held = Buffer.concat([held, part.value]);
    }
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };
}
