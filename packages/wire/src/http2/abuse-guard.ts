// What a peer does that is allowed once and an attack in masses → ENHANCE_YOUR_CALM beyond a budget (RFC 9113 §10.5).
import type { Clock } from '@meltemi/base';
import { Http2Error } from './http2-error.ts';
import type { Http2Limits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** Each method counts one event and throws when there were too many. */
export class AbuseGuard {
  readonly #limits: Http2Limits;
  readonly #resets: TokenBucket;
  readonly #idleFrames: TokenBucket;
  #windowUpdates = 0;
  #queuedReplies = 0;
  #emptyFrames = 0;
  #priorities = 0;

  constructor(limits: Http2Limits, clock: Clock) {
    this.#limits = limits;
    this.#resets = new TokenBucket(clock, limits.maxResets, 30_000);
    this.#idleFrames = new TokenBucket(clock, limits.maxIdleFrames, 10_000);
  }

  /** A stream was reset by the peer, or by us for its fault (CVE-2023-44487, CVE-2025-8671). */
  reset(): void {
    if (!this.#resets.take()) throw tooMuch('streams reset');
  }

  /** A stream ended as it should. */
  served(): void {
    this.#resets.give();
  }

  /** A frame that moves nothing. */
  idleFrame(): void {
    if (!this.#idleFrames.take()) throw tooMuch('frames that move nothing');
  }

  /** A frame of a message: HEADERS, CONTINUATION or DATA; `empty`: it has no bytes, and ends nothing (CVE-2019-9518). */
  messageFrame(empty: boolean): void {
    this.#emptyFrames = empty ? this.#emptyFrames + 1 : 0;
    if (this.#emptyFrames > this.#limits.maxEmptyFrames) throw tooMuch('empty frames in a row');
  }

  /** A PRIORITY frame; `streams`: how many began by now. */
  priority(streams: number): void {
    this.idleFrame();
    if (++this.#priorities > this.#limits.maxPriorities * (1 + streams)) throw tooMuch('PRIORITY frames');
  }

  /** As many as a peer needs that gives back each frame, for its stream and for the connection, some times over. */
  windowUpdate(dataFrames: number, streams: number): void {
    const { maxIdleFrames, windowUpdatesPerData: perData } = this.#limits;
    const own = maxIdleFrames + 10 * dataFrames + 8 * streams;
    const allowed = perData === undefined ? own : Math.min(own, 5 + 2 * (streams + perData * dataFrames));
    if (++this.#windowUpdates > allowed) throw tooMuch('window updates');
  }

  /** An answer to a control frame; `waiting`: answers before it have not left yet. */
  reply(waiting: boolean): void {
    this.#queuedReplies = waiting ? this.#queuedReplies + 1 : 0;
    if (this.#queuedReplies > this.#limits.maxQueuedReplies) throw tooMuch('answers that the peer does not read');
  }

  /** CONTINUATION frames that one head has by now (CVE-2024-27316 and its like). */
  continuation(count: number): void {
    if (count > this.#limits.maxContinuations) throw tooMuch('CONTINUATION frames');
  }
}

function tooMuch(what: string): Http2Error {
  return new Http2Error('ENHANCE_YOUR_CALM', `too many ${what}`);
}
