// Descriptors of a request → whether buckets of tokens let it in: those of the descriptors, then the default one.
import type { LocalRateLimitDescriptor } from '@meltemi/api/envoy/extensions/common/ratelimit/v3/ratelimit_pb';
import type { Clock } from '@meltemi/base';
import type { RateLimitDescriptor, RateLimitEntry } from '@meltemi/decide';
import type { SharedCounters } from '../workers/shared-counters.ts';
import { RateLimitError } from './rate-limit-error.ts';
import { type BucketSize, bucketSize, TokenBucket } from './token-bucket.ts';

export interface LimiterSettings {
  /** Undefined: what no descriptor limits is let in. */
  readonly defaultSize: BucketSize | undefined;
  readonly descriptors: readonly LimitedDescriptor[];
  /** The default bucket counts requests that a descriptor counts already. */
  readonly alwaysConsumesDefault: boolean;
  /** Of each descriptor that leaves values open: so many values have a bucket, those that came last. */
  readonly maxDynamic: number;
}

export interface LimitedDescriptor {
  readonly entries: readonly RateLimitEntry[];
  readonly size: BucketSize;
  /** It is counted, and nothing is refused. */
  readonly shadow: boolean;
}

export interface LimiterParts {
  readonly clock: Clock;
  readonly counters: SharedCounters;
}

export interface LimiterVerdict {
  readonly allowed: boolean;
  /** A descriptor that refuses nothing would have refused it. */
  readonly shadowed: boolean;
  /** Whose numbers the response shows. */
  readonly bucket: TokenBucket | undefined;
  /** Whether it does, as the descriptor says; undefined: as the filter says. */
  readonly announced: boolean | undefined;
}

/** Throws RateLimitError for buckets that can't be honoured and descriptors that are there twice. */
export function limitedDescriptors(messages: readonly LocalRateLimitDescriptor[]): readonly LimitedDescriptor[] {
  const keys = new Set<string>();
  return messages.map(({ entries, tokenBucket, shadowMode }) => {
    const limited = entries.map(({ key, value }) => ({ key, value }));
    const key = keyOf(limited);
    if (limited.length === 0)
      throw new RateLimitError('BAD_DESCRIPTOR', 'a local rate limit descriptor has no entries');
    if (keys.has(key))
      throw new RateLimitError('BAD_DESCRIPTOR', `duplicate descriptor in the local rate limit: ${key}`);
    keys.add(key);
    return { entries: limited, size: bucketSize(tokenBucket), shadow: shadowMode };
  });
}

interface Match {
  readonly bucket: TokenBucket;
  readonly shadow: boolean;
  readonly descriptor: RateLimitDescriptor;
}

export class LocalLimiter {
  readonly #settings: LimiterSettings;
  readonly #name: string;
  readonly #parts: LimiterParts;
  readonly #default: TokenBucket | undefined;
  readonly #fixed = new Map<string, Pick<Match, 'bucket' | 'shadow'>>();
  readonly #open: readonly OpenDescriptor[];

  /** `name` is the same in every worker, and no other limiter's. */
  constructor(settings: LimiterSettings, name: string, parts: LimiterParts) {
    this.#settings = settings;
    this.#name = name;
    this.#parts = parts;
    this.#default = settings.defaultSize && new TokenBucket(settings.defaultSize, name, parts);
    const isOpen = ({ entries }: LimitedDescriptor) => entries.some(({ value }) => value === '');
    for (const limited of settings.descriptors.filter((each) => !isOpen(each))) {
      this.#fixed.set(keyOf(limited.entries), { bucket: this.#bucket(limited), shadow: limited.shadow });
    }
    this.#open = settings.descriptors.filter(isOpen).map((limited) => ({ ...limited, buckets: new Map() }));
  }

  /** The bucket that fills slowest is asked first, as it is the likeliest to refuse. */
  admit(descriptors: readonly RateLimitDescriptor[]): LimiterVerdict {
    const matches = this.#matches(descriptors);
    let shadowed = false;
    for (const { bucket, shadow, descriptor } of matches) {
      if (takes(bucket, descriptor.hits ?? 1)) continue;
      if (!shadow) return { allowed: false, shadowed, bucket, announced: descriptor.announced };
      shadowed = true;
    }
    const [first] = matches;
    const shown = { shadowed, bucket: first?.bucket ?? this.#default, announced: first?.descriptor.announced };
    if (first && !this.#settings.alwaysConsumesDefault) return { allowed: true, ...shown };
    if (!this.#default || this.#default.take()) return { allowed: true, ...shown };
    return { allowed: false, shadowed, bucket: this.#default, announced: undefined };
  }

  close(): void {
    this.#default?.close();
    for (const { bucket } of this.#fixed.values()) bucket.close();
    for (const { buckets } of this.#open) for (const bucket of buckets.values()) bucket.close();
  }

  #matches(descriptors: readonly RateLimitDescriptor[]): readonly Match[] {
    const matches = descriptors.flatMap((descriptor) => this.#match(descriptor) ?? []);
    return matches.length > 1 ? matches.toSorted((one, other) => one.bucket.rate - other.bucket.rate) : matches;
  }

  #match(descriptor: RateLimitDescriptor): Match | undefined {
    const fixed = this.#fixed.get(keyOf(descriptor.entries));
    if (fixed) return { ...fixed, descriptor };
    const open = this.#open.find(({ entries }) => covers(entries, descriptor.entries));
    return open && { bucket: this.#dynamicBucket(open, descriptor), shadow: open.shadow, descriptor };
  }

  #dynamicBucket(open: OpenDescriptor, { entries }: RateLimitDescriptor): TokenBucket {
    const { buckets } = open;
    const key = keyOf(entries);
    const bucket = buckets.get(key) ?? this.#bucket({ ...open, entries });
    // The order of a map is that of its insertions: the first is the one that came longest ago.
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > this.#settings.maxDynamic) {
      const [oldest] = buckets.keys();
      buckets.get(oldest!)!.close();
      buckets.delete(oldest!);
    }
    return bucket;
  }

  #bucket({ entries, size }: LimitedDescriptor): TokenBucket {
    return new TokenBucket(size, `${this.#name}/${keyOf(entries)}`, this.#parts);
  }
}

interface OpenDescriptor extends LimitedDescriptor {
  readonly buckets: Map<string, TokenBucket>;
}

/** An empty value stands for any. */
function covers(limited: readonly RateLimitEntry[], entries: readonly RateLimitEntry[]): boolean {
  return (
    limited.length === entries.length &&
    limited.every(({ key, value }, index) => {
      const entry = entries[index]!;
      return key === entry.key && (value === '' || value === entry.value);
    })
  );
}

function keyOf(entries: readonly RateLimitEntry[]): string {
  return JSON.stringify(entries.map(({ key, value }) => [key, value]));
}

/** As Envoy: what counts nothing is refused. */
function takes(bucket: TokenBucket, hits: number): boolean {
  return hits > 0 && bucket.take(hits);
}
