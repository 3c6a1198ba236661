// Keeps the key sets of token issuers: fetches those that rules name, again and again, and the last good one stays.
import type { Clock, Logger, Problem, Timer } from '@meltemi/base';
import { type KeySets, type KeySetSource, sourceKey } from './key-set-source.ts';
import type { KeptKeySets } from './kept-key-sets.ts';
import { openidConfigurationOf, parseKeySet, parseOpenidConfiguration } from './parse-key-set.ts';

/** GETs a text. Rejects with a sentence when it can't be had, or may not be asked for. */
export type FetchText = (url: string, limits: { readonly timeoutMs: number }) => Promise<string>;

export interface KeySetStoreOptions {
  readonly fetch: FetchText;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the process before; undefined: nothing is kept. */
  readonly kept?: Pick<KeptKeySets, 'get' | 'keep'>;
}

const REFRESH_MS = 20 * 60_000;
/** After the first failure, then twice as long each time. */
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
/** So long keys hold that can't be fetched any more, a restart later too. */
export const KEPT_MS = 7 * 24 * 3_600_000;

interface Entry {
  readonly source: KeySetSource;
  keys: string | undefined;
  fetchedAt: number;
  failures: number;
  /** Of the last attempt; empty: it went well. */
  failure: string;
  timer: Timer | undefined;
  /** The first attempt; rejects never. */
  first: Promise<void>;
}

export class KeySetStore {
  readonly #options: KeySetStoreOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  #closed = false;
  #keeping = Promise.resolve();
  #view: KeySets | undefined;

  constructor(options: KeySetStoreOptions) {
    this.#options = options;
  }

  /** Fetches what is new among the sources, and forgets what is no longer there. */
  want(sources: readonly KeySetSource[]): void {
    const wanted = new Map(sources.map((source) => [sourceKey(source), source]));
    for (const [key, entry] of this.#entries) {
      if (wanted.has(key)) continue;
      entry.timer?.cancel();
      this.#entries.delete(key);
      this.#view = undefined;
    }
    for (const [key, source] of wanted) if (!this.#entries.has(key)) this.#begin(key, source);
  }

  /** The key sets of now; the same value as long as none changes. */
  view(): KeySets {
    this.#view ??= new Map([...this.#entries].flatMap(([key, { keys }]) => (keys === undefined ? [] : [[key, keys]])));
    return this.#view;
  }

  /** Is told when a key set changed. */
  watch(listener: () => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** Resolves when each of the present sources was asked once. */
  async asked(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ first }) => first));
  }

  problems(): readonly Problem[] {
    return [...this.#entries.values()].flatMap(({ source, keys, failure }): Problem[] => {
      if (failure === '') return [];
      const effect = keys === undefined ? 'none of its tokens is accepted' : 'the last good keys stay';
      const message = `keys of issuer ${source.issuer} can't be fetched, ${effect}: ${failure}`;
      return [{ severity: keys === undefined ? 'error' : 'warning', code: 'MEL0305', message }];
    });
  }

  /** Resolves when what was fetched is kept. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { timer } of this.#entries.values()) timer?.cancel();
    this.#entries.clear();
    this.#listeners.clear();
    await this.#keeping;
  }

  /** One after the other. What can't be kept is said, and holds all the same. */
  #keep(key: string, { keys, fetchedAt }: Entry): void {
    const { kept, logger } = this.#options;
    if (!kept || keys === undefined) return;
    this.#keeping = this.#keeping
      .then(() => kept.keep(key, { keys, fetchedAt }))
      .catch((error: Error) => logger.warn(`key sets can't be kept: ${error.message}`));
  }

  #begin(key: string, source: KeySetSource): void {
    const kept = this.#options.kept?.get(key);
    const entry: Entry = {
      source,
      keys: kept?.keys,
      fetchedAt: kept?.fetchedAt ?? 0,
      failures: 0,
      failure: '',
      timer: undefined,
      first: Promise.resolve(),
    };
    this.#entries.set(key, entry);
    entry.first = this.#refresh(key, entry);
  }

  async #refresh(key: string, entry: Entry): Promise<void> {
    const { clock } = this.#options;
    const before = { keys: entry.keys, failure: entry.failure };
    try {
      entry.keys = await this.#fetch(entry.source);
      Object.assign(entry, { fetchedAt: clock.now(), failures: 0, failure: '' });
      this.#keep(key, entry);
    } catch (error) {
      entry.failures++;
      entry.failure = (error as Error).message;
      if (clock.now() - entry.fetchedAt >= KEPT_MS) entry.keys = undefined;
    }
    if (this.#closed || this.#entries.get(key) !== entry) return;
    const retryMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (entry.failures - 1));
    entry.timer = clock.after(entry.failures > 0 ? retryMs : REFRESH_MS, () => void this.#refresh(key, entry));
    this.#tell(before, entry);
  }

  async #fetch({ issuer, uri, timeoutMs }: KeySetSource): Promise<string> {
    const { fetch } = this.#options;
    const found =
      uri === '' ? parseOpenidConfiguration(await fetch(openidConfigurationOf(issuer), { timeoutMs }), issuer) : uri;
    return parseKeySet(await fetch(found, { timeoutMs }));
  }

  /** A failure that is new is worth a push too: it shows among the problems. */
  #tell(before: Pick<Entry, 'keys' | 'failure'>, { source, keys, failure }: Entry): void {
    if (before.keys === keys && before.failure === failure) return;
    this.#view = undefined;
    const { logger } = this.#options;
    if (failure !== '') logger.warn(`keys of issuer ${source.issuer} can't be fetched: ${failure}`);
    else logger.info(`keys of issuer ${source.issuer} are new`);
    for (const listener of this.#listeners) listener();
  }
}
