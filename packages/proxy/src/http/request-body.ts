// Keeps the beginning of a request's body: until an upstream can take it, and for another try.
import type { Headers } from '@meltemi/wire';

/** Bytes taken from the client before the request is on its way. */
export const WAITING_LIMIT = 64 * 1024;

/** Bytes kept for another try, unless the route says less: as in Envoy where the listener sets no limit. */
const REPLAY_LIMIT = 1024 * 1024;

/** Copies of chunks; when more than the limit came, what was sent is forgotten and no other try is possible. */
export class RequestBody {
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #replayable = true;
  #limit = WAITING_LIMIT;
  trailers: Headers | undefined;

  get ended(): boolean {
    return this.#ended;
  }

  /** False once bytes were sent that aren't kept. */
  get replayable(): boolean {
    return this.#replayable;
  }

  get full(): boolean {
    return this.#size > this.#limit;
  }

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** The request is on its way. `limit`: bytes that the route keeps for another try; undefined: it says nothing. */
  limitTo(limit: number | undefined): void {
    this.#limit = Math.min(limit ?? REPLAY_LIMIT, REPLAY_LIMIT);
  }

  keep(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk));
    this.#size += chunk.length;
  }

  end(trailers: Headers | undefined): void {
    this.#ended = true;
    this.trailers = trailers;
  }

  /** What was kept is with the upstream, and there will be no other try. */
  forget(): void {
    this.#replayable = false;
    if (this.#chunks.length > 0) this.#chunks = [];
    this.#size = 0;
  }

  reset(): void {
    if (this.#chunks.length > 0) this.#chunks = [];
    this.#size = 0;
    this.#ended = false;
    this.#replayable = true;
    this.#limit = WAITING_LIMIT;
    this.trailers = undefined;
  }
}
