// One gRPC-Web call: becomes a gRPC call for the upstream, and its answer one that the client understands.
import { grpcStatusOfHttp } from '@meltemi/telemetry';
import { CHUNKED, type Headers } from '@meltemi/wire';
import { percentEncoded } from '../../grpc-answer.ts';
import { localAnswer } from '../../own-answer.ts';
import type { FilteredResponse, FilteredStream, FilterStep, StreamFilter } from '../http-filter.ts';
import { Base64Decoder } from './base64-decoder.ts';
import { FrameEncoder } from './frame-encoder.ts';
import type { GrpcWebStats } from './grpc-web-stats.ts';
import { isText, saysGrpcStatus } from './grpc-web-types.ts';
import { trailerFrame } from './trailer-frame.ts';

const BAD_BASE64 = {
  status: 400,
  body: 'Bad gRPC-web request, invalid base64 data.',
  flag: '',
  details: 'grpc_base_64_decode_failed',
};

export class GrpcWebCall implements StreamFilter {
  readonly #stats: GrpcWebStats;
  #decoder: Base64Decoder | undefined;
  #encoder: FrameEncoder | undefined;
  #wantsText = false;
  #dropsBody = false;

  constructor(stats: GrpcWebStats) {
    this.#stats = stats;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { head, entry } = stream;
    const { headers } = head;
    entry.grpcWeb = true;
    headers.remove('content-length');
    if (head.bodyLength !== 0) stream.requestBodyLength = CHUNKED;
    if (isText(headers.get('content-type'))) this.#decoder = new Base64Decoder();
    this.#wantsText = isText(headers.get('accept'));
    headers.put('content-type', 'application/grpc');
    headers.put('te', 'trailers');
    if (!headers.has('grpc-accept-encoding')) headers.put('grpc-accept-encoding', 'identity');
    return 'next';
  }

  onRequestBody(chunk: Buffer, stream: FilteredStream): Buffer | undefined {
    if (!this.#decoder) return chunk;
    const bytes = this.#decoder.decode(chunk);
    if (!bytes) stream.answer(localAnswer(BAD_BASE64));
    return bytes && bytes.length > 0 ? bytes : undefined;
  }

  onRequestEnd(_trailers: unknown, stream: FilteredStream): void {
    if (this.#decoder && !this.#decoder.complete)
      stream.answer(localAnswer({ ...BAD_BASE64, details: 'grpc_base_64_decode_failed_bad_size' }));
  }

  onResponse(response: FilteredResponse, stream: FilteredStream): void {
    const { headers, status } = response;
    this.#count(headers, stream);
    const bodyless = response.bodyLength === 0;
    const understood = saysGrpcStatus(status, headers, bodyless);
    headers.remove('content-length');
    headers.put('content-type', this.#wantsText ? 'application/grpc-web-text+proto' : 'application/grpc-web+proto');
    if (bodyless) return;
    if (!understood) return this.#explain(response);
    response.bodyLength = CHUNKED;
    if (this.#wantsText) this.#encoder = new FrameEncoder();
  }

  onResponseBody(chunk: Buffer): Buffer | undefined {
    if (this.#dropsBody) return undefined;
    return this.#encoder ? textOf(this.#encoder.encode(chunk)) : chunk;
  }

  onResponseEnd(trailers: Headers | undefined, stream: FilteredStream): Headers | undefined {
    if (!trailers) return undefined;
    this.#count(trailers, stream);
    if (this.#dropsBody) return undefined;
    const frame = trailerFrame(trailers);
    stream.sendResponseBody(this, this.#wantsText ? Buffer.from(frame.toString('base64'), 'latin1') : frame);
    return undefined;
  }

  /** What no gRPC client could read is told by its status, and by its body where that is known already. */
  #explain(response: FilteredResponse): void {
    const { headers, status, body } = response;
    this.#dropsBody = true;
    response.bodyLength = 0;
    if (body !== undefined) headers.put('grpc-message', percentEncoded(body));
    headers.put('grpc-status', String(grpcStatusOfHttp(status)));
  }

  #count(fields: Headers, stream: FilteredStream): void {
    const decision = stream.decision();
    if (decision.kind === 'route') this.#stats.count(decision.cluster, stream.entry.path, fields.get('grpc-status'));
  }
}

function textOf(text: string): Buffer | undefined {
  return text === '' ? undefined : Buffer.from(text, 'latin1');
}
