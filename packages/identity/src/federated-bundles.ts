// Keeps the roots of other trust domains: those that are written down, and those that a bundle endpoint serves, asked again and again.
// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Federation.md
import type { Clock, Logger, Timer } from '@meltemi/base';
import { parseSpiffeBundle } from './spiffe-bundle.ts';
import type { TrustBundle } from './trust.ts';

/** Roots for some trust domains. */
export interface BundleSource {
  /** Empty: the mesh's own, by all of its names. */
  readonly trustDomains: readonly string[];
  /** PEM; undefined: they are at `url`. */
  readonly roots: string | undefined;
  readonly url: string;
}

export interface FederatedBundlesOptions {
  /** The mesh's own first. */
  readonly ownDomains: readonly string[];
  /** PEM, as it is now. */
  readonly ownRoots: () => string;
  readonly sources: readonly BundleSource[];
  /** Rejects with a sentence. */
  readonly fetch: (url: string, limits: { readonly timeoutMs: number }) => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const TIMEOUT_MS = 5000;
const RETRY_MS = 1000;
const REFRESH_MS = 5 * 60_000;
const SHORTEST_MS = 1000;
const LONGEST_MS = 3_600_000;

interface Fetched {
  readonly url: string;
  /** Empty before the first answer: a domain without roots is not trusted. */
  roots: string;
  failures: number;
  said: string;
  timer: Timer | undefined;
}

/** What was last good of an endpoint stays while it does not answer. */
export class FederatedBundles {
  readonly #options: FederatedBundlesOptions;
  readonly #fetched: ReadonlyMap<string, Fetched>;
  readonly #watchers = new Set<() => void>();
  #closed = false;

  constructor(options: FederatedBundlesOptions) {
    this.#options = options;
    const urls = options.sources.filter(({ roots }) => roots === undefined).map(({ url }) => url);
    this.#fetched = new Map(urls.map((url) => [url, { url, roots: '', failures: 0, said: '', timer: undefined }]));
    for (const entry of this.#fetched.values()) void this.#ask(entry);
  }

  /** Of each domain, the mesh's own too; empty where nothing is federated. */
  get current(): readonly TrustBundle[] {
    const { sources, ownDomains, ownRoots } = this.#options;
    if (sources.length === 0) return [];
    const foreign = sources.flatMap(({ trustDomains }) => trustDomains).filter((name) => !ownDomains.includes(name));
    const domains = [...new Set([...ownDomains, ...foreign])];
    const bundles = domains.map((trustDomain) => {
      const own = ownDomains.includes(trustDomain) ? ownRoots() : '';
      return { trustDomain, roots: `${own}${this.#rootsFor(trustDomain)}` };
    });
    return bundles.filter(({ roots }) => roots !== '');
  }

  /** Calls when roots of another domain changed; answers what ends the watch. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#fetched.values()) timer?.cancel();
    this.#watchers.clear();
  }

  #rootsFor(domain: string): string {
    const { sources, ownDomains } = this.#options;
    const named = sources.filter(({ trustDomains }) => trustDomains.includes(domain));
    const others = sources.filter(({ trustDomains }) => trustDomains.length === 0 && ownDomains.includes(domain));
    return [...named, ...others].map(({ roots, url }) => roots ?? this.#fetched.get(url)!.roots).join('');
  }

  async #ask(entry: Fetched): Promise<void> {
    const { fetch, logger, clock } = this.#options;
    let nextMs = REFRESH_MS;
    try {
      const { roots, refreshMs = REFRESH_MS } = parseSpiffeBundle(await fetch(entry.url, { timeoutMs: TIMEOUT_MS }));
      Object.assign(entry, { failures: 0, said: '' });
      nextMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, refreshMs));
      this.#take(entry, roots);
    } catch (error) {
      const why = (error as Error).message;
      if (entry.said !== why) logger.named('bundles').warn(`roots of another trust domain can't be had: ${why}`);
      entry.said = why;
      nextMs = Math.min(REFRESH_MS, RETRY_MS * 2 ** entry.failures++);
    }
    if (!this.#closed) entry.timer = clock.after(nextMs, () => void this.#ask(entry));
  }

  #take(entry: Fetched, roots: string): void {
    if (entry.roots === roots) return;
    entry.roots = roots;
    this.#options.logger.named('bundles').info(`roots of another trust domain are new: ${new URL(entry.url).origin}`);
    for (const watcher of this.#watchers) watcher();
  }
}
