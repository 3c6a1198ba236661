// Keeps the answers of one state of the world by URL, and counts by URL how often one was there already.

export interface CacheCount {
  readonly hit: number;
  readonly miss: number;
}

/** URLs are the callers': more than this many are answered without being kept. */
const MAX_URLS = 20_000;

export class AnswerCache {
  readonly #answers = new Map<string, string>();
  readonly #counts = new Map<string, CacheCount>();

  /** The kept answer, or the one that is made now. */
  answer(url: string, make: () => string): string {
    const kept = this.#answers.get(url);
    const answer = kept ?? make();
    const { hit, miss } = this.#counts.get(url) ?? { hit: 0, miss: 0 };
    if (this.#counts.size < MAX_URLS || this.#counts.has(url)) {
      this.#counts.set(url, kept === undefined ? { hit, miss: miss + 1 } : { hit: hit + 1, miss });
      this.#answers.set(url, answer);
    }
    return answer;
  }

  /** The world has changed: the answers go, the counts stay. */
  clear(): void {
    this.#answers.clear();
  }

  /** By URL, in the order of the alphabet. */
  counts(): Readonly<Record<string, CacheCount>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  deleteCounts(): void {
    this.#counts.clear();
  }
}
