// Latencies of a window → their quantile.

/** More would say little more. */
const MOST = 10_000;

export class LatencySamples {
  #values: number[] = [];

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    if (this.#values.length < MOST) this.#values.push(value);
  }

  /** The least value that the share `quantile` of all does not exceed; there is one at least. The window begins anew. */
  take(quantile: number): number {
    const sorted = this.#values.sort((a, b) => a - b);
    this.#values = [];
    return sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!;
  }

  clear(): void {
    this.#values = [];
  }
}
