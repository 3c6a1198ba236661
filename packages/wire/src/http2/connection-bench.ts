// A connection of the codec without a socket, what it tells and what it writes; for tests.
import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '@meltemi/base';
import { Headers } from '../http1/headers.ts';
import { Http2Connection } from './connection.ts';
import { CLIENT_PREFACE, flag, frameType } from './frame.ts';
import { block, frame, readFrames } from './frame-text.ts';
import type { Http2Role } from './http2-role.ts';
import type { Http2Stream, Http2StreamHandler, PseudoFields } from './http2-stream.ts';
import { defaultHttp2Limits, type Http2Limits } from './limits.ts';
import { MemoryTransport } from './memory-transport.ts';

const preface = Buffer.from(CLIENT_PREFACE);
const settings = frame(frameType.settings, 0, 0);
const settingsAck = frame(frameType.settings, flag.ack, 0);
export const get = { ':method': 'GET', ':scheme': 'http', ':authority': 'a', ':path': '/' };
export const asRequest = { kind: 'request', method: 'GET', scheme: 'http', authority: 'a', path: '/' } as const;
export const END = flag.endHeaders | flag.endStream;

/** A connection, what it tells and what it writes. */
export class Bench {
  readonly transport = new MemoryTransport();
  readonly clock = new ManualClock();
  readonly events: string[] = [];
  readonly streams = new Map<number, Http2Stream>();
  readonly connection: Http2Connection;
  /** Called for each request. */
  answer: (stream: Http2Stream) => void = () => undefined;

  constructor(role: Http2Role = 'server', limits: Partial<Http2Limits> = {}) {
    const tell = (event: string) => void this.events.push(event);
    const handler = {
      onStream: (stream: Http2Stream) => this.attend(stream),
      onOversizedHead: (stream: Http2Stream) => {
        tell(`${stream.id} oversized`);
        stream.sendHead({ kind: 'response', status: 431 }, new Headers(), true);
      },
      onGoAway: (code: string) => tell(`goaway ${code}`),
      onCapacity: () => undefined,
      onPong: () => tell('pong'),
      onClose: (error?: Error) => tell(`closed ${(error as { code?: string })?.code ?? ''}`),
    };
    this.connection = new Http2Connection(
      role,
      this.transport,
      handler,
      { ...defaultHttp2Limits, ...limits },
      this.clock,
    );
    if (role === 'server') this.receive(preface, settings, settingsAck);
    else this.receive(settings, settingsAck);
  }

  attend(stream: Http2Stream): void {
    const { events } = this;
    this.streams.set(stream.id, stream);
    stream.handler = this.handlerOf(() => stream.id);
    this.answer(stream);
    if (events.length > 100_000) throw new Error('too many events');
  }

  handlerOf(id: () => number): Http2StreamHandler {
    const { events } = this;
    return {
      onHead: (pseudo: PseudoFields, headers: Headers, endStream: boolean) =>
        void events.push(`${id()} head ${JSON.stringify({ ...pseudo, fields: [...headers.entries()] })} ${endStream}`),
      onInformational: (status: number) => void events.push(`${id()} interim ${status}`),
      onBody: (chunk: Buffer) => {
        const last = events.length - 1;
        const body = `${id()} body `;
        if (events[last]?.startsWith(body)) events[last] += chunk.toString('latin1');
        else events.push(body + chunk.toString('latin1'));
      },
      onEnd: (trailers: Headers | undefined) =>
        void events.push(`${id()} end${trailers ? ` ${JSON.stringify([...trailers.entries()])}` : ''}`),
      onReset: (code: string) => void events.push(`${id()} reset ${code}`),
      onDrain: () => void events.push(`${id()} drain`),
    };
  }

  receive(...parts: Buffer[]): void {
    for (const part of parts) this.transport.handler.onData(part);
  }

  /** What was written since the last time. */
  async wrote(): Promise<string[]> {
    await setImmediate();
    const bytes = Buffer.concat(this.transport.written.splice(0));
    return readFrames(bytes.subarray(0, 24).equals(preface) ? bytes.subarray(24) : bytes);
  }
}

export function headers(id: number, fields: Readonly<Record<string, string>> = get, flags = END): Buffer {
  return frame(frameType.headers, flags, id, block(fields));
}
