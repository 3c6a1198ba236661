// A small server and client on the codec, for its tests: every request is answered with what came.
import { systemClock } from '@meltemi/base';
import { Headers } from '../http1/headers.ts';
import { connect } from '../io/connect.ts';
import { listen, type ListeningSocket } from '../io/listen.ts';
import { Http2Connection } from './connection.ts';
import type { Http2Handler } from './http2-handler.ts';
import type { Http2Stream, Http2StreamHandler, PseudoFields } from './http2-stream.ts';
import { defaultHttp2Limits, type Http2Limits } from './limits.ts';

const clock = systemClock({ background: true });

/** Answers when the request is whole: its body, or `hello` where it had none; its trailers, and its fields by `x-`. */
export class Answer implements Http2StreamHandler {
  readonly #stream: Http2Stream;
  readonly #answer = new Headers();
  #body: Buffer[] = [];

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  onHead(pseudo: PseudoFields, headers: Headers): void {
    if (pseudo.kind === 'request') this.#answer.add('x-path', pseudo.path ?? '');
    for (const [name, value] of headers.entries()) if (name.startsWith('x-')) this.#answer.add(name, value);
  }

  onInformational(): void {
    throw new Error('a request is no interim response');
  }

  onBody(chunk: Buffer): void {
    this.#body.push(Buffer.from(chunk));
  }

  onEnd(trailers: Headers | undefined): void {
    const body = this.#body.length > 0 ? Buffer.concat(this.#body) : Buffer.from('hello');
    this.#stream.sendHead({ kind: 'response', status: 200 }, this.#answer, false);
    this.#stream.sendBody(body, trailers === undefined);
    if (trailers) this.#stream.sendTrailers(trailers);
  }

  onReset(): void {
    this.#body = [];
  }

  onDrain(): void {
    // The whole answer is queued already.
  }
}

export interface AnsweringServer extends ListeningSocket {
  readonly port: number;
  readonly connections: Http2Connection[];
  /** What connections ended with, in order. */
  readonly ends: (Error | undefined)[];
}

export async function startAnsweringServer(
  limits: Partial<Http2Limits> = {},
  answer: (stream: Http2Stream) => Http2StreamHandler = (stream) => new Answer(stream),
): Promise<AnsweringServer> {
  const connections: Http2Connection[] = [];
  const ends: (Error | undefined)[] = [];
  const handler: Http2Handler = {
    ...silentHandler,
    onStream: (stream) => void (stream.handler = answer(stream)),
    onOversizedHead: (stream) => stream.sendHead({ kind: 'response', status: 431 }, new Headers(), true),
    onClose: (error) => void ends.push(error),
  };
  const socket = await listen({ host: '127.0.0.1', port: 0 }, {}, (transport) => {
    connections.push(new Http2Connection('server', transport, handler, { ...defaultHttp2Limits, ...limits }, clock));
  });
  const port = 'port' in socket.address ? socket.address.port : 0;
  return { ...socket, port, connections, ends };
}

/** A client's connection, once connected. */
export function connectHttp2(
  port: number,
  limits: Partial<Http2Limits> = {},
  handler: Partial<Http2Handler> = {},
): Promise<Http2Connection> {
  return new Promise((resolve, reject) => {
    const transport = connect(
      { host: '127.0.0.1', port },
      {},
      {
        onConnect() {
          const all = { ...silentHandler, ...handler };
          resolve(new Http2Connection('client', transport, all, { ...defaultHttp2Limits, ...limits }, clock));
        },
        onData: ignore,
        onEnd: ignore,
        onDrain: ignore,
        onClose: reject,
      },
    );
  });
}

const silentHandler: Http2Handler = {
  onStream: ignore,
  onOversizedHead: ignore,
  onGoAway: ignore,
  onCapacity: ignore,
  onPong: ignore,
  onClose: ignore,
};

function ignore(): void {
  // Not what the test looks at.
}
