// Writes the response of one request to its HTTP/2 stream.
import type { Headers, Http2Stream } from '@meltemi/wire';
import { removeHopByHop } from './response-headers.ts';
import type { ResponseFraming, ResponseOutput } from './response-output.ts';

const NOTHING = Buffer.alloc(0);

/** One a stream at a time. What is written leaves at the end of the turn by itself. */
export class Http2Response implements ResponseOutput {
  readonly #trailers: boolean;
  #stream: Http2Stream | undefined;
  #ended = false;

  /** `trailers`: the client gets them. */
  constructor(trailers: boolean) {
    this.#trailers = trailers;
  }

  begin(stream: Http2Stream): void {
    this.#stream = stream;
    this.#ended = false;
  }

  head(status: number, _reason: string, headers: Headers, framing: ResponseFraming): void {
    if (framing.bodyLength < 0) headers.remove('content-length');
    this.#ended = framing.bodyLength === 0;
    this.#stream?.sendHead({ kind: 'response', status }, headers, this.#ended);
  }

  plainHead(status: number, _reason: string, headers: Headers): void {
    removeHopByHop(headers);
    // HTTP/2 has no 101: what switches protocols is answered with 200 (RFC 8441 §4).
    this.#stream?.sendHead({ kind: 'response', status: status === 101 ? 200 : status }, headers, false);
  }

  body(chunk: Buffer): boolean {
    return this.#stream?.sendBody(chunk, false) ?? true;
  }

  end(trailers: Headers | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#trailers && trailers && trailers.size > 0) this.#stream?.sendTrailers(trailers);
    else this.#stream?.sendBody(NOTHING, true);
  }

  flush(): void {
    // The connection joins what all its streams write.
  }
}
