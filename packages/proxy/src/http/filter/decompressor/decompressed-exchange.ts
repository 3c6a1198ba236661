// One request and its response at the decompressor. What is damaged or a bomb ends where that shows, as with Envoy.
import { CHUNKED, Headers } from '@meltemi/wire';
import { hasToken } from '../compressor/header-tokens.ts';
import type { FilteredResponse, FilteredStream, FilterStep, StreamFilter } from '../http-filter.ts';
import { advertised, firstCoding, withoutFirstCoding } from './content-codings.ts';
import { DecompressedBody } from './decompressed-body.ts';
import type { DecompressingFilter, DirectionRules, DirectionStats } from './decompressing-filter.ts';

export class DecompressedExchange implements StreamFilter {
  readonly #filter: DecompressingFilter;
  #request: DecompressedBody | undefined;
  #response: DecompressedBody | undefined;

  constructor(filter: DecompressingFilter) {
    this.#filter = filter;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { head } = stream;
    const { advertises, library, request, requestStats } = this.#filter;
    if (advertises)
      head.headers.put('accept-encoding', advertised(head.headers.get('accept-encoding'), library.encoding));
    if (head.bodyLength === 0) return 'next';
    this.#request = this.#begin(head.headers, request, requestStats);
    if (this.#request) stream.requestBodyLength = CHUNKED;
    return 'next';
  }

  onRequestBody(chunk: Buffer): Buffer | undefined {
    return this.#request ? this.#request.decompress(chunk) : chunk;
  }

  onRequestEnd(trailers: Headers | undefined): void {
    if (this.#request && trailers) this.#report(this.#request, trailers);
  }

  onResponse(response: FilteredResponse, { entry }: FilteredStream): void {
    if (response.bodyLength === 0 || entry.method === 'HEAD') return;
    const { response: rules, responseStats } = this.#filter;
    this.#response = this.#begin(response.headers, rules, responseStats);
    if (this.#response) response.bodyLength = CHUNKED;
  }

  onResponseBody(chunk: Buffer): Buffer | undefined {
    return this.#response ? this.#response.decompress(chunk) : chunk;
  }

  /** HTTP/1.1 clients don't get trailers that the upstream did not send. */
  onResponseEnd(trailers: Headers | undefined, { entry }: FilteredStream): Headers | undefined {
    const reported = trailers ?? (entry.protocol === 'HTTP/2' ? new Headers() : undefined);
    if (!this.#response || !reported) return trailers;
    this.#report(this.#response, reported);
    return reported;
  }

  onFinish(): void {
    this.#request?.close();
    this.#response?.close();
  }

  /** Undefined: the body stays as it is. */
  #begin(headers: Headers, rules: DirectionRules, stats: DirectionStats): DecompressedBody | undefined {
    const { library, errors } = this.#filter;
    const codings = headers.get('content-encoding');
    const wanted = rules.enabled && firstCoding(codings) === library.encoding;
    if (!wanted || (!rules.ignoresNoTransform && hasToken(headers.get('cache-control'), 'no-transform'))) {
      stats.notDecompressed.increment();
      return undefined;
    }
    stats.decompressed.increment();
    headers.remove('content-length');
    const rest = withoutFirstCoding(codings!);
    if (rest === undefined) headers.remove('content-encoding');
    else headers.put('content-encoding', rest);
    return new DecompressedBody(library, stats, errors);
  }

  #report(body: DecompressedBody, trailers: Headers): void {
    trailers.add(`${this.#filter.trailerPrefix}-compressed-bytes`, String(body.compressedBytes));
    trailers.add(`${this.#filter.trailerPrefix}-uncompressed-bytes`, String(body.uncompressedBytes));
  }
}
