// SIGTERM under load: sidecars are ended while requests, streams and connections go through them, and none of these fails.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type HttpClient, largeRequest, smallRequest } from '../bench/soak/http-traffic.ts';
import { GrpcTraffic, http2Requests, tcpConversation, webSocketConversation } from '../bench/soak/stream-traffic.ts';
import { type DrainedMesh, startDrainedMesh } from './support/drained-mesh.ts';

/** Longer than a conversation, which takes a second and more. */
const DRAIN_SECONDS = 10;

for (const strategy of ['immediate', 'gradual']) {
  test(`a sidecar that ends takes nothing with it (${strategy})`, async (context) => {
    const mesh = await startDrainedMesh(['--drain-time-s', String(DRAIN_SECONDS), '--drain-strategy', strategy]);
    context.after(() => mesh.stop());
    await context.test('its callers go to another', () => endBack(mesh));
    await context.test('its clients have whole answers, and streams live through the drain time', () => endFront(mesh));
  });
}

async function endBack(mesh: DrainedMesh): Promise<void> {
  const traffic = new MixedTraffic(mesh);
  await traffic.rounds(1);
  const code = await mesh.backs[0]!.terminate();
  await traffic.rounds(1);
  assert.deepEqual(await traffic.stop(), []);
  assert.equal(code, 0);
}

async function endFront(mesh: DrainedMesh): Promise<void> {
  const clients = Array.from({ length: 8 }, () => keptClient(mesh.http));
  const asked = clients.map(askUntilRefused);
  const stream = await endlessStream(mesh.tcp);
  await Promise.all(clients.map((client) => largeRequest(client, 1)));
  const started = performance.now();
  const code = await mesh.front.terminate();
  const ends = await Promise.all(asked);
  const { heard, closedAt } = await stream.over;
  for (const { agent } of clients) agent.destroy();
  assert.equal(code, 0);
  for (const { answered, message, resent } of ends) {
    assert.match(message, /ECONNREFUSED/);
    assert.equal(resent, 0);
    assert.ok(answered > 0);
  }
  assert.ok(closedAt - started > DRAIN_SECONDS * 990, `cut after ${closedAt - started} ms`);
  assert.ok(heard > 10, `${heard} bytes came back`);
}

/** The agent opens another connection only after an answer said that its own closes. */
async function askUntilRefused(client: HttpClient) {
  for (let answered = 0; ; answered++) {
    const refusal = await smallRequest(client, answered).catch((error: Error) => error);
    if (refusal) return { answered, message: refusal.message, resent: client.resent };
  }
}

/** Resolves when it is there: bytes go and come back until it is closed. */
async function endlessStream(port: number) {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  let heard = 0;
  socket.on('data', (bytes) => (heard += bytes.length));
  const said = setInterval(() => socket.write('x'), 50);
  const over = once(socket, 'close').then(() => {
    clearInterval(said);
    return { heard, closedAt: performance.now() };
  });
  await once(socket, 'data');
  return { over };
}

function keptClient(port: number): HttpClient {
  return { agent: new Agent({ keepAlive: true, maxSockets: 1 }), port, resent: 0 };
}

/** Every kind of traffic, one after the other on several lanes, until it is stopped. */
class MixedTraffic {
  readonly #failures: string[] = [];
  readonly #counts: number[];
  readonly #lanes: Promise<void>[];
  readonly #client: HttpClient;
  readonly #grpc: GrpcTraffic;
  #waiting: (() => void)[] = [];
  #over = false;

  constructor({ http, tcp }: DrainedMesh) {
    const client = { agent: new Agent({ keepAlive: true }), port: http, resent: 0 };
    const grpc = new GrpcTraffic(http);
    this.#client = client;
    this.#grpc = grpc;
    const kinds = [
      (number: number) => smallRequest(client, number),
      (number: number) => largeRequest(client, number),
      (number: number) => http2Requests(http, number),
      (number: number) => grpc.converse(number),
      (number: number) => webSocketConversation(http, number),
      (number: number) => tcpConversation(tcp, number),
    ];
    const lanes = [...kinds, ...kinds];
    this.#counts = lanes.map(() => 0);
    this.#lanes = lanes.map((send, lane) => this.#run(send, lane));
  }

  /** Resolves when every lane has ended so many more requests or conversations. */
  async rounds(count: number): Promise<void> {
    const wanted = this.#counts.map((done) => done + count);
    while (!this.#counts.every((done, lane) => done >= wanted[lane]!))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves with what failed. */
  async stop(): Promise<readonly string[]> {
    this.#over = true;
    await Promise.all(this.#lanes);
    this.#client.agent.destroy();
    this.#grpc.close();
    return this.#failures;
  }

  async #run(send: (number: number) => Promise<void>, lane: number): Promise<void> {
    while (!this.#over) {
      const number = this.#counts[lane]! * this.#counts.length + lane;
      await send(number).catch((error: Error) => this.#failures.push(error.message));
      this.#counts[lane]!++;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    }
  }
}
