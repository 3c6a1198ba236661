// Runs every kind of traffic side by side, and counts what was answered and what failed.
import { Agent } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';
import {
  abortedRequest,
  faultRequest,
  type HttpClient,
  largeRequest,
  mirroredRequest,
  retriedRequest,
  slowRequest,
  smallRequest,
} from './http-traffic.ts';
import type { SoakPorts } from './sidecar-config.ts';
import { GrpcTraffic, http2Requests, tcpConversation, webSocketConversation } from './stream-traffic.ts';

interface Kind {
  readonly name: string;
  /** Side by side. */
  readonly lanes: number;
  /** Milliseconds between two of a lane. */
  readonly pause: number;
  readonly send: (number: number) => Promise<void>;
}

export interface TrafficCounts {
  readonly sent: ReadonlyMap<string, number>;
  /** With the time, the first hundred. */
  readonly failures: readonly string[];
  readonly failed: number;
  /** Requests that had met a connection just closed, or one that took no more streams, and went by another. */
  readonly resent: number;
}

const MAX_NOTED = 100;
/** For one request or conversation. */
const DEADLINE_MS = 30_000;

export class Traffic {
  readonly #client: HttpClient;
  readonly #grpc: GrpcTraffic;
  readonly #kinds: readonly Kind[];
  readonly #sent = new Map<string, number>();
  readonly #failures: string[] = [];
  #failed = 0;
  #refused = 0;
  #number = 0;

  constructor({ http, tcp }: SoakPorts) {
    const client = { agent: new Agent({ keepAlive: true, maxSockets: 32 }), port: http, resent: 0 };
    const grpc = new GrpcTraffic(http);
    this.#client = client;
    this.#grpc = grpc;
    this.#kinds = [
      { name: 'small', lanes: 4, pause: 50, send: (number) => smallRequest(client, number) },
      { name: 'large', lanes: 1, pause: 200, send: (number) => largeRequest(client, number) },
      { name: 'slow', lanes: 2, pause: 500, send: (number) => slowRequest(client, number) },
      { name: 'aborted', lanes: 1, pause: 300, send: (number) => abortedRequest(client, number) },
      { name: 'retried', lanes: 1, pause: 200, send: (number) => retriedRequest(client, number) },
      { name: 'fault', lanes: 1, pause: 200, send: (number) => faultRequest(client, number) },
      { name: 'mirror', lanes: 1, pause: 100, send: (number) => mirroredRequest(client, number) },
      { name: 'http2', lanes: 2, pause: 200, send: (number) => http2Requests(http, number) },
      { name: 'grpc', lanes: 2, pause: 100, send: (number) => grpc.converse(number) },
      { name: 'websocket', lanes: 2, pause: 100, send: (number) => webSocketConversation(http, number) },
      { name: 'tcp', lanes: 2, pause: 100, send: (number) => tcpConversation(tcp, number) },
    ];
  }

  /** Resolves when the last answers have come after the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const lanes = this.#kinds.flatMap((kind) => Array.from({ length: kind.lanes }, () => kind));
    await Promise.all(lanes.map((kind) => this.#lane(kind, signal)));
    this.#client.agent.destroy();
    this.#grpc.close();
  }

  counts(): TrafficCounts {
    return {
      sent: this.#sent,
      failures: this.#failures,
      failed: this.#failed,
      resent: this.#client.resent + this.#refused,
    };
  }

  async #lane({ name, pause, send }: Kind, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const number = this.#number++;
      await inTime(
        this.#unlessRefused(() => send(number)),
        `${name} ${number}`,
      ).catch((error: Error) => this.#fail(error));
      this.#sent.set(name, (this.#sent.get(name) ?? 0) + 1);
      await after(pause, undefined, { signal }).catch(() => {});
    }
  }

  /** A stream that was refused was seen by nobody (RFC 9113 § 8.7). Node's client refuses by itself what it was about to send when GOAWAY came. */
  async #unlessRefused(send: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!(error as Error).message.includes('NGHTTP2_REFUSED_STREAM')) throw error;
        this.#refused++;
      }
    }
  }

  #fail(error: Error): void {
    this.#failed++;
    if (this.#failures.length < MAX_NOTED) this.#failures.push(`${new Date().toISOString()} ${error.message}`);
  }
}

function inTime(work: Promise<void>, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${name} is not over after ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
