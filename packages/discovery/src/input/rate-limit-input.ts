// What a listener counts of requests, and where, as plain values.
import type { LimitKey, RequestLimitMatch } from '@meltemi/config';

export interface RateLimitInput {
  readonly limits: readonly LimitInput[];
  /** Where the rate limit service is asked; undefined: no limit is global. */
  readonly cluster: string | undefined;
  readonly failClosed: boolean;
}

export interface LimitInput {
  readonly id: string;
  readonly match: RequestLimitMatch | undefined;
  readonly by: readonly LimitKey[];
  readonly requests: number;
  readonly lengthMs: number;
  readonly global: boolean;
}
