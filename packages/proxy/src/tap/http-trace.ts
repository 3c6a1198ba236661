// Keeps what a tap shows of one request: the fields and the beginning of the bodies, both ways.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type TraceWrapper, TraceWrapperSchema } from '@meltemi/api/envoy/data/tap/v3/wrapper_pb';
import type { HttpBufferedTrace_MessageSchema as MessageSchema } from '@meltemi/api/envoy/data/tap/v3/http_pb';
import type { Headers } from '@meltemi/wire';

export type Fields = readonly (readonly [name: string, value: string])[];

/** One way of a request. */
export class TracedMessage {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  truncated = false;
  fields: Fields = [];
  trailers: Fields = [];
  /** Since the epoch; undefined: it did not come. */
  headersMs: number | undefined;

  /** `limit`: bytes of the body that are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  add(chunk: Buffer): void {
    const room = this.#limit - this.#kept;
    if (chunk.length > room) this.truncated = true;
    if (room <= 0) return;
    const part = Buffer.from(chunk.subarray(0, room));
    this.#chunks.push(part);
    this.#kept += part.length;
  }

  end(trailers: Headers | undefined): void {
    if (trailers) this.trailers = [...trailers.entries()];
  }
}

export interface HttpTrace {
  readonly request: TracedMessage;
  readonly response: TracedMessage;
}

/** How bodies are shown. */
export type BodyFormat = 'bytes' | 'string';

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/tap/v3/http.proto */
export function traceMessage({ request, response }: HttpTrace, format: BodyFormat): TraceWrapper {
  const value = { request: shown(request, format), response: shown(response, format) };
  return create(TraceWrapperSchema, { trace: { case: 'httpBufferedTrace', value } });
}

function shown(message: TracedMessage, format: BodyFormat): MessageInitShape<typeof MessageSchema> {
  const { body, truncated, headersMs } = message;
  return {
    headers: message.fields.map(([key, value]) => ({ key, value })),
    trailers: message.trailers.map(([key, value]) => ({ key, value })),
    ...((body.length > 0 || truncated) && { body: { bodyType: bodyOf(body, format), truncated } }),
    ...(headersMs !== undefined && {
      headersReceivedTime: { seconds: BigInt(Math.floor(headersMs / 1000)), nanos: Math.floor(headersMs % 1000) * 1e6 },
    }),
  };
}

function bodyOf(body: Buffer, format: BodyFormat) {
  if (format === 'string') return { case: 'asString' as const, value: body.toString('utf8') };
  return { case: 'asBytes' as const, value: new Uint8Array(body) };
}
