// Tokens that come back over time: one for each connection that is let in.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/v3/token_bucket.proto
import { type Clock, durationToMs } from '@meltemi/base';
import type { TokenBucket as TokenBucketConfig } from '@meltemi/api/envoy/type/v3/token_bucket_pb';
import { ListenerConfigError } from './listener-config-error.ts';

/** Envoy fills at most every 50 ms. */
const MIN_FILL_MS = 50;

export class TokenBucket {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #perFill: number;
  readonly #fillMs: number;
  #tokens: number;
  #filledAt: number;

  /** Throws ListenerConfigError for a bucket that never fills or fills too often. */
  constructor(config: TokenBucketConfig | undefined, clock: Clock) {
    const fillMs = config?.fillInterval ? durationToMs(config.fillInterval) : 0;
    if (!config || config.maxTokens === 0 || fillMs < MIN_FILL_MS) {
      throw new ListenerConfigError(
        'UNSUPPORTED_FIELD',
        'token_bucket: wants max_tokens and a fill_interval of 50 ms or more',
      );
    }
    this.#clock = clock;
    this.#max = config.maxTokens;
    this.#perFill = config.tokensPerFill ?? 1;
    this.#fillMs = fillMs;
    this.#tokens = this.#max;
    this.#filledAt = clock.monotonic();
  }

  /** False: none is left. */
  take(): boolean {
    const fills = Math.floor((this.#clock.monotonic() - this.#filledAt) / this.#fillMs);
    if (fills > 0) {
      this.#filledAt += fills * this.#fillMs;
      this.#tokens = Math.min(this.#max, this.#tokens + fills * this.#perFill);
    }
    if (this.#tokens === 0) return false;
    this.#tokens--;
    return true;
  }
}
