// One request and its response at the compressor: what is compressed, what the headers say of it, and the bytes.
import { CHUNKED, type Headers } from '@meltemi/wire';
import type { FilteredResponse, FilteredStream, FilterStep, StreamFilter } from '../http-filter.ts';
import type { Codec } from './codec.ts';
import type { CompressingFilter } from './compressing-filter.ts';
import type { Compression } from './compression.ts';
import type { RouteRules } from './compressor-rules.ts';
import { countChoice, type DirectionStats } from './compressor-stats.ts';
import { isBigEnough, isOfType, isSilent, type Refusal, refusalOf } from './eligibility.ts';
import { mediaType } from './header-tokens.ts';
import { sanitiseTag, varyByEncoding } from './response-fields.ts';
import { choiceOf, encodingsOf, type OfferingCompressor } from './stream-encodings.ts';

const STATUS_HEADER = 'x-envoy-compression-status';

export class CompressedExchange implements StreamFilter, OfferingCompressor {
  readonly filter: CompressingFilter;
  library: Compression;
  #route: RouteRules | undefined;
  #accepted: string | undefined;
  #request: Codec | undefined;
  #response: Codec | undefined;

  constructor(filter: CompressingFilter) {
    this.filter = filter;
    this.library = filter.library;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { headers } = stream.head;
    const { response, requestStats } = this.filter;
    this.#accepted = headers.get('accept-encoding');
    this.#readRoute(stream);
    if (this.#enabled && (this.#route?.removesAcceptEncoding ?? response.removesAcceptEncoding))
      headers.remove('accept-encoding');
    if (!this.#compressesRequest(stream)) {
      requestStats.notCompressed.increment();
      return 'next';
    }
    headers.remove('content-length');
    stream.requestBodyLength = CHUNKED;
    headers.put('content-encoding', this.library.encoding);
    requestStats.compressed.increment();
    this.#request = this.library.open();
    return 'next';
  }

  onRequestBody(chunk: Buffer): Buffer | undefined {
    return this.#request ? compress(this.#request, chunk, this.filter.requestStats) : chunk;
  }

  onRequestEnd(_trailers: unknown, stream: FilteredStream): void {
    if (!this.#request) return;
    const rest = finish(this.#request, this.filter.requestStats);
    if (rest) stream.sendRequestBody(this, rest);
  }

  onResponse(response: FilteredResponse, stream: FilteredStream): void {
    this.#readRoute(stream);
    const { headers } = response;
    const hasBody = response.bodyLength !== 0 && stream.entry.method !== 'HEAD';
    const refusal = this.#enabled ? refusalOf(response, this.filter) : 'Disabled';
    if (hasBody && this.#isAccepted(refusal, response, stream) && !refusal) this.#compressResponse(response);
    else this.filter.responseStats.notCompressed.increment();
    if (hasBody && refusal) this.#say(refusal, headers);
    // Caches learn that another client may get another body.
    if (!refusal) varyByEncoding(headers);
  }

  onResponseBody(chunk: Buffer): Buffer | undefined {
    return this.#response ? compress(this.#response, chunk, this.filter.responseStats) : chunk;
  }

  onResponseEnd(trailers: Headers | undefined, stream: FilteredStream): Headers | undefined {
    const rest = this.#response && finish(this.#response, this.filter.responseStats);
    if (rest) stream.sendResponseBody(this, rest);
    return trailers;
  }

  onFinish(): void {
    this.#request?.close();
    this.#response?.close();
  }

  get #enabled(): boolean {
    return this.#route?.enabled ?? this.filter.response.enabled;
  }

  #readRoute(stream: FilteredStream): void {
    this.#route = this.filter.routeRules(stream);
    this.library = this.#route?.library ?? this.filter.library;
  }

  #compressesRequest({ head }: FilteredStream): boolean {
    const { request, requestStats } = this.filter;
    return (
      head.bodyLength !== 0 &&
      request.enabled &&
      head.upgrade === undefined &&
      isBigEnough(head.headers, request, requestStats) &&
      isOfType(head.headers, request) &&
      !head.headers.has('content-encoding')
    );
  }

  /** Who is too small or not compressed at all does not say what clients accept. */
  #isAccepted(refusal: Refusal | undefined, { headers }: FilteredResponse, { entry }: FilteredStream): boolean {
    if (refusal === 'Disabled' || refusal === 'ContentLengthTooSmall') return false;
    if (refusal && this.filter.response.saysStatus) return false;
    const { choiceStats } = this.filter;
    if (this.#accepted === undefined) {
      choiceStats.noAcceptHeader.increment();
      return false;
    }
    const choice = choiceOf(encodingsOf(entry), this.#accepted, mediaType(headers.get('content-type')));
    const chosen = choice.encoding === this.library.encoding;
    countChoice(choiceStats, choice, chosen);
    return chosen;
  }

  #compressResponse(response: FilteredResponse): void {
    const { headers } = response;
    const length = headers.get('content-length') ?? '';
    sanitiseTag(headers, this.filter.response.weakensTags);
    headers.remove('content-length');
    response.bodyLength = CHUNKED;
    headers.put('content-encoding', this.library.encoding);
    this.filter.responseStats.compressed.increment();
    this.#response = this.library.open();
    this.#say(`Compressed;OriginalLength=${length}`, headers);
  }

  /** The filters of a chain say it one after the other. */
  #say(status: string, headers: Headers): void {
    if (!this.filter.response.saysStatus || isSilent(status)) return;
    const said = headers.get(STATUS_HEADER);
    const own = `${this.library.encoding};${status}`;
    headers.put(STATUS_HEADER, said === undefined ? own : `${said},${own}`);
  }
}

/** What a client can read at once comes at once: events and messages are not held back. */
function compress(codec: Codec, chunk: Buffer, stats: DirectionStats): Buffer | undefined {
  const { output } = codec.write(chunk);
  stats.uncompressedBytes.add(chunk.length);
  stats.compressedBytes.add(output.length);
  return output.length > 0 ? output : undefined;
}

function finish(codec: Codec, stats: DirectionStats): Buffer | undefined {
  const { output } = codec.finish();
  stats.compressedBytes.add(output.length);
  return output.length > 0 ? output : undefined;
}
