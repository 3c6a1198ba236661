// The cells that a program counts in: a counter, a gauge, a histogram. Found once when a thing is built, then touched by the hot path.

/** Only goes up, but for `reset`. */
export class Counter {
  value = 0;

  increment(): void {
    this.value++;
  }

  add(amount: number): void {
    this.value += amount;
  }

  reset(): void {
    this.value = 0;
  }

  get used(): boolean {
    return this.value !== 0;
  }
}

/** Knows a gauge's value better than the gauge. */
export interface GaugeSource {
  readonly gaugeValue: number;
}

/** Goes up and down. */
export class Gauge {
  value = 0;
  used = false;
  #source: GaugeSource | undefined;

  /** From now on the value is the source's, as of when somebody looks (`refresh`). */
  follow(source: GaugeSource): void {
    this.#source = source;
  }

  refresh(): void {
    const value = this.#source?.gaugeValue;
    if (value !== undefined && value !== this.value) this.set(value);
  }

  set(value: number): void {
    this.value = value;
    this.used = true;
  }

  add(amount: number): void {
    this.value += amount;
    this.used = true;
  }

  increment(): void {
    this.add(1);
  }

  decrement(): void {
    this.add(-1);
  }
}

/** Upper bounds of the buckets, Envoy's defaults, in the unit of the values (times: milliseconds). The last bucket has no bound. */
export const HISTOGRAM_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

/** Counts values by bucket. */
export class Histogram {
  /** Not cumulative; one more than there are bounds. */
  readonly buckets = new Float64Array(HISTOGRAM_BOUNDS.length + 1);
  count = 0;
  sum = 0;
  max = 0;

  record(value: number): void {
    let bucket = 0;
    while (bucket < HISTOGRAM_BOUNDS.length && value > HISTOGRAM_BOUNDS[bucket]!) bucket++;
    this.buckets[bucket]! += 1;
    this.count++;
    this.sum += value;
    if (value > this.max) this.max = value;
  }

  /** Takes in what another histogram recorded. */
  add(other: Pick<Histogram, 'buckets' | 'count' | 'sum' | 'max'>): void {
    for (const [bucket, held] of other.buckets.entries()) this.buckets[bucket]! += held;
    this.count += other.count;
    this.sum += other.sum;
    this.max = Math.max(this.max, other.max);
  }

  /** The value below which the part `quantile` (0 to 1) lies, interpolated within its bucket; NaN when nothing was recorded. */
  quantile(quantile: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = quantile * this.count;
    let below = 0;
    for (const [bucket, held] of this.buckets.entries()) {
      if (held > 0 && below + held >= rank) return this.#within(bucket, (rank - below) / held);
      below += held;
    }
    return this.max;
  }

  get used(): boolean {
    return this.count !== 0;
  }

  #within(bucket: number, part: number): number {
    const lower = bucket === 0 ? 0 : HISTOGRAM_BOUNDS[bucket - 1]!;
    const upper = Math.min(HISTOGRAM_BOUNDS[bucket] ?? this.max, this.max);
    return lower + (upper - lower) * part;
  }
}
