// Tokens that come back over time, one or more for each thing that is let in: for the whole process, or for one worker.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/v3/token_bucket.proto
import type { TokenBucket as TokenBucketConfig } from '@meltemi/api/envoy/type/v3/token_bucket_pb';
import { type Clock, durationToMs } from '@meltemi/base';
import type { CounterCell, SharedCounters } from '../workers/shared-counters.ts';
import { RateLimitError } from './rate-limit-error.ts';

export interface BucketSize {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillMs: number;
}

/** Envoy's own. */
const MIN_FILL_MS = 50;
/** What a cell of 32 bits holds with room for a sum of two. */
const CELL_UNITS = 2 ** 30;
/** A refill is worth so many units, or a token, so that what is lost by rounding doesn't count. */
const REFILL_UNITS = 1000;

/** Throws RateLimitError for a bucket that never fills or fills too often. */
export function bucketSize(config: TokenBucketConfig | undefined): BucketSize {
  const fillMs = config?.fillInterval ? durationToMs(config.fillInterval) : 0;
  const { maxTokens = 0, tokensPerFill = 1 } = config ?? {};
  if (maxTokens === 0 || tokensPerFill === 0 || fillMs < MIN_FILL_MS) {
    throw new RateLimitError(
      'BAD_TOKEN_BUCKET',
      'token_bucket: wants max_tokens, tokens_per_fill and a fill_interval of 50 ms or more',
    );
  }
  return { maxTokens: Math.min(maxTokens, CELL_UNITS), tokensPerFill, fillMs };
}

/**
 * Full at first. Tokens come back all the time, not all at once at the end of an interval, and never more than fit in.
 * Two cells hold it: how many units are missing, and when they were counted last, in milliseconds modulo 2^32.
 */
export class TokenBucket {
  readonly size: BucketSize;
  readonly #clock: Clock;
  readonly #missing: CounterCell;
  readonly #countedAt: CounterCell;
  readonly #unitsPerToken: number;
  readonly #unitsPerMs: number;
  readonly #tickMs: number;

  /** Buckets of one name share their tokens, where the counters are shared. */
  constructor(size: BucketSize, name: string, { clock, counters }: { clock: Clock; counters: SharedCounters }) {
    this.size = size;
    this.#clock = clock;
    this.#missing = counters.cell(`${name}/missing`);
    this.#countedAt = counters.cell(`${name}/counted-at`);
    this.#unitsPerToken = Math.floor(CELL_UNITS / size.maxTokens);
    this.#unitsPerMs = (size.tokensPerFill * this.#unitsPerToken) / size.fillMs;
    this.#tickMs = Math.ceil(Math.min(REFILL_UNITS, this.#unitsPerToken) / this.#unitsPerMs);
  }

  /** False: fewer are left, and none was taken. */
  take(tokens = 1): boolean {
    if (tokens > this.size.maxTokens) return false;
    this.#refill();
    const wanted = tokens * this.#unitsPerToken;
    const most = this.size.maxTokens * this.#unitsPerToken;
    for (;;) {
      const missing = this.#missing.value;
      if (missing + wanted > most) return false;
      if (this.#missing.exchange(missing, missing + wanted)) return true;
    }
  }

  /** Whole tokens. */
  get remaining(): number {
    this.#refill();
    return Math.floor(this.#left / this.#unitsPerToken);
  }

  /** Until there is a token; 0: there is one. */
  get nextTokenMs(): number {
    this.#refill();
    const { tokensPerFill, fillMs } = this.size;
    const tokens = (this.#unitsPerToken - this.#left) / this.#unitsPerToken;
    return Math.max(0, (tokens * fillMs) / tokensPerFill);
  }

  /** Tokens a second. */
  get rate(): number {
    return (1000 * this.size.tokensPerFill) / this.size.fillMs;
  }

  /** The next bucket of the name is full. */
  close(): void {
    this.#missing.add(-this.#missing.value);
    this.#countedAt.add(-this.#countedAt.value);
    this.#missing.close();
    this.#countedAt.close();
  }

  get #left(): number {
    return this.size.maxTokens * this.#unitsPerToken - this.#missing.value;
  }

  /** Whoever moves the time on gives back the units of that time: no other worker does. */
  #refill(): void {
    const now = Math.trunc(this.#clock.now()) | 0;
    const countedAt = this.#countedAt.value;
    const elapsedMs = (now - countedAt) | 0;
    if (elapsedMs >= 0 && elapsedMs < this.#tickMs) return;
    if (!this.#countedAt.exchange(countedAt, now) || elapsedMs < 0) return;
    const back = Math.floor(elapsedMs * this.#unitsPerMs);
    for (;;) {
      const missing = this.#missing.value;
      if (missing === 0 || this.#missing.exchange(missing, Math.max(0, missing - back))) return;
    }
  }
}
