// Keeps a request until it is whole, and refuses it with 413 when it is too long: what follows sees it with its length.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/buffer_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  type Buffer as BufferConfig,
  BufferPerRouteSchema,
  BufferSchema,
} from '@meltemi/api/envoy/extensions/filters/http/buffer/v3/buffer_pb';
import { FilterConfigError } from '../http-config-error.ts';
import { PAYLOAD_TOO_LARGE } from '../local-reply.ts';
import { localAnswer } from '../own-answer.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';
import { readMessage } from './read-message.ts';

export const BUFFER_FILTER: HttpFilterType = {
  typeName: BufferSchema.typeName,
  compile: (name, config) => new BufferFilter(name, limitOf(fromBinary(BufferSchema, config))),
  readRouteConfig(config): RouteBuffer {
    const { override } = readMessage(config, BufferPerRouteSchema);
    if (override.case === 'buffer') return { limit: limitOf(override.value) };
    if (override.case === 'disabled' && override.value) return { limit: undefined };
    throw new FilterConfigError('BAD_FILTER', 'buffer: a route says disabled or buffer');
  },
};

interface RouteBuffer {
  /** Undefined: requests are not kept. */
  readonly limit: number | undefined;
}

function limitOf({ maxRequestBytes }: BufferConfig): number {
  if (!maxRequestBytes) throw new FilterConfigError('BAD_FILTER', 'buffer: max_request_bytes is greater than 0');
  return maxRequestBytes;
}

class BufferFilter implements HttpFilter {
  readonly name: string;
  readonly #limit: number;

  constructor(name: string, limit: number) {
    this.name = name;
    this.#limit = limit;
  }

  open({ head }: FilteredStream): StreamFilter | undefined {
    return head.bodyLength === 0 || head.upgrade !== undefined ? undefined : new KeptRequest(this);
  }

  limitFor(stream: FilteredStream): number | undefined {
    const ofRoute = stream.routeConfigs(this.name)[0]?.config as RouteBuffer | undefined;
    return ofRoute ? ofRoute.limit : this.#limit;
  }
}

class KeptRequest implements StreamFilter {
  readonly #filter: BufferFilter;
  #limit: number | undefined;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(filter: BufferFilter) {
    this.#filter = filter;
  }

  onRequest(stream: FilteredStream): FilterStep {
    this.#limit = this.#filter.limitFor(stream);
    return this.#limit === undefined ? 'next' : 'wait';
  }

  onRequestBody(chunk: Buffer, stream: FilteredStream): Buffer | undefined {
    if (this.#limit === undefined) return chunk;
    this.#size += chunk.length;
    if (this.#size > this.#limit) {
      this.#chunks = [];
      stream.answer(localAnswer(PAYLOAD_TOO_LARGE));
    } else {
      this.#chunks.push(Buffer.from(chunk));
    }
    return undefined;
  }

  onRequestEnd(_trailers: unknown, stream: FilteredStream): void {
    if (this.#limit === undefined) return;
    stream.requestBodyLength = this.#size;
    stream.resumeRequest(this, this.#size > 0 ? Buffer.concat(this.#chunks) : undefined);
  }
}
