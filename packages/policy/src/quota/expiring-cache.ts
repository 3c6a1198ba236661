// Things by key that are forgotten when nobody asked for them for a while.
export class ExpiringCache<Content> {
  readonly #idleMs: number;
  /** Least recently asked for first. */
  readonly #entries = new Map<string, { readonly content: Content; readonly usedMs: number }>();

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is there, or what `make` makes. With `renew`, asking prolongs its life. */
  get(key: string, nowMs: number, renew: boolean, make: () => Content): Content {
    this.#forget(nowMs);
    const known = this.#entries.get(key);
    if (known && !renew) return known.content;
    const content = known ? known.content : make();
    this.#entries.delete(key);
    this.#entries.set(key, { content, usedMs: nowMs });
    return content;
  }

  #forget(nowMs: number): void {
    for (const [key, { usedMs }] of this.#entries) {
      if (nowMs - usedMs <= this.#idleMs) return;
      this.#entries.delete(key);
    }
  }
}
