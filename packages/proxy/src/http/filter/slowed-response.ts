// Lets the bytes of a response through no faster than a rate: a part every few milliseconds, the end after the last one.
import type { Clock, Timer } from '@meltemi/base';
import type { Headers } from '@meltemi/wire';
import type { FilteredStream, StreamFilter } from './http-filter.ts';

/** Envoy fills its bucket as often. */
const PART_MS = 50;
/** What may wait here before the upstream is told to pause. */
const HIGH_WATER = 64 * 1024;

export class SlowedResponse {
  readonly #stream: FilteredStream;
  readonly #filter: StreamFilter;
  readonly #clock: Clock;
  readonly #partBytes: number;
  #waiting: Buffer[] = [];
  #size = 0;
  #paused = false;
  #timer: Timer | undefined;
  #end: { readonly trailers: Headers | undefined } | undefined;

  /** `filter`: whose name the bytes go on in. */
  constructor(stream: FilteredStream, filter: StreamFilter, clock: Clock, bytesPerSecond: number) {
    this.#stream = stream;
    this.#filter = filter;
    this.#clock = clock;
    this.#partBytes = Math.max(1, Math.round((bytesPerSecond * PART_MS) / 1000));
  }

  add(chunk: Buffer): void {
    this.#waiting.push(Buffer.from(chunk));
    this.#size += chunk.length;
    if (this.#size > HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#stream.pauseResponse();
    }
    this.#timer ??= this.#clock.after(PART_MS, () => this.#next());
  }

  /** False: nothing waits, the response may end. */
  holdEnd(trailers: Headers | undefined): boolean {
    if (this.#size === 0) return false;
    this.#end = { trailers };
    return true;
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #next(): void {
    this.#timer = undefined;
    const part = this.#take();
    if (this.#size > 0) this.#timer = this.#clock.after(PART_MS, () => this.#next());
    if (this.#paused && this.#size < HIGH_WATER / 2) {
      this.#paused = false;
      this.#stream.unpauseResponse();
    }
    this.#stream.sendResponseBody(this.#filter, part);
    if (this.#size === 0 && this.#end) this.#stream.endResponse(this.#filter, this.#end.trailers);
  }

  #take(): Buffer {
    const whole = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    const part = whole.subarray(0, this.#partBytes);
    const rest = whole.subarray(part.length);
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return part;
  }
}
