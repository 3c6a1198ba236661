// Turns a response's head, body and end into bytes on a connection: framed as the client understands, joined to one write where small.
import {
  chunkHead,
  CHUNKED,
  encodeResponseHead,
  encodeTrailers,
  type Headers,
  LAST_CHUNK,
  type Transport,
  UNTIL_CLOSE,
} from '@meltemi/wire';
import type { Http1Options } from '../codec/http1-options.ts';
import type { ResponseFraming, ResponseOutput } from './response-output.ts';

/** Bodies up to this many bytes travel in one write with the head. */
const JOIN_LIMIT = 16 * 1024;

/** One a connection, one response after the other. */
export class ResponseWriter implements ResponseOutput {
  readonly #transport: Transport;
  readonly #options: Http1Options;
  /** Latin1 text that waits for more to join it, until `end` or `flush`. */
  #pending = '';
  #chunked = false;

  constructor(transport: Transport, options: Http1Options) {
    this.#transport = transport;
    this.#options = options;
  }

  /** True when the response ends only with the connection: such an end must be told from an abort. */
  static endsWithConnection(framing: ResponseFraming): boolean {
    return framing.version === 10 && framing.bodyLength < 0;
  }

  /** Sets the fields that say how the body ends and whether the connection stays. */
  head(status: number, reason: string, headers: Headers, framing: ResponseFraming): void {
    this.#chunked = framing.bodyLength < 0 && framing.version === 11;
    // RFC 9110 §8.6: a 204 says no length.
    if (framing.bodyLength === CHUNKED || framing.bodyLength === UNTIL_CLOSE || status === 204)
      headers.remove('content-length');
    if (framing.bodyLength === 0 && !framing.bodyless && !headers.has('content-length'))
      headers.append('content-length', '0');
    if (this.#chunked) headers.append('transfer-encoding', 'chunked');
    if (!framing.keepAlive) headers.append('connection', 'close');
    else if (framing.version === 10) headers.append('connection', 'keep-alive');
    this.#pending += encodeResponseHead(status, reason, headers, this.#options.spelling);
  }

  /** An interim response (100, 103) or a switch of protocols, as it is. */
  plainHead(status: number, reason: string, headers: Headers): void {
    this.#chunked = false;
    this.#pending += encodeResponseHead(status, reason, headers, this.#options.spelling);
    this.flush();
  }

  /** False: more than the transport likes is queued; wait for its `onDrain`. The chunk is read during the call only. */
  body(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    if (this.#pending.length + chunk.length <= JOIN_LIMIT) this.#join(chunk);
    else this.#writeLarge(chunk);
    return this.#transport.bytesQueued <= this.#transport.queueLimit;
  }

  end(trailers: Headers | undefined): void {
    const sent = this.#options.trailers && trailers !== undefined && trailers.size > 0;
    if (this.#chunked) this.#pending += sent ? encodeTrailers(trailers) : LAST_CHUNK;
    this.#chunked = false;
    this.flush();
  }

  /** Sends what was held back to be joined. Who feeds the writer calls it when no more is here for now. */
  flush(): void {
    if (this.#pending === '') return;
    const text = this.#pending;
    this.#pending = '';
    this.#transport.write(text);
  }

  #join(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    this.#pending += this.#chunked ? `${chunkHead(chunk.length)}${text}\r\n` : text;
  }

  #writeLarge(chunk: Buffer): void {
    this.#transport.cork();
    if (this.#chunked) this.#pending += chunkHead(chunk.length);
    this.flush();
    this.#transport.write(chunk);
    if (this.#chunked) this.#transport.write('\r\n');
    this.#transport.uncork();
  }
}
