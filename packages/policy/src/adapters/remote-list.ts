// A list that is read from a URL again and again: the last good one holds until its time is over.
import type { Clock, Logger, Timer } from '@meltemi/base';

import { fetchList, ListError, readEntries } from './fetch-list.ts';

export interface ListWorld {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RemoteListOptions<Content> {
  readonly url: URL;
  readonly refreshMs: number;
  /** How long a list holds when it can't be read again. */
  readonly ttlMs: number;
  /** Throws ListError. */
  readonly read: (entries: readonly string[]) => Content;
}

export class RemoteList<Content> {
  readonly #options: RemoteListOptions<Content>;
  readonly #world: ListWorld;
  readonly #closing = new AbortController();
  #content: Content | undefined;
  #text: string | undefined;
  #untilMs = -Infinity;
  #timer: Timer | undefined;

  constructor(options: RemoteListOptions<Content>, world: ListWorld) {
    this.#options = options;
    this.#world = world;
    void this.#refresh();
  }

  /** Undefined before it was read, and when it is too old. */
  get current(): Content | undefined {
    return this.#world.clock.monotonic() < this.#untilMs ? this.#content : undefined;
  }

  close(): void {
    this.#closing.abort();
    this.#timer?.cancel();
  }

  async #refresh(): Promise<void> {
    const { url, refreshMs, ttlMs } = this.#options;
    const { clock, logger } = this.#world;
    try {
      const text = await fetchList(url, clock, this.#closing.signal);
      if (text !== this.#text) this.#content = this.#options.read(readEntries(text));
      this.#text = text;
      this.#untilMs = clock.monotonic() + ttlMs;
    } catch (error) {
      if (!(error instanceof ListError)) throw error;
      if (!this.#closing.signal.aborted) logger.warn(`list ${url.host}${url.pathname}: ${error.message}`);
    }
    if (!this.#closing.signal.aborted) this.#timer = clock.after(refreshMs, () => void this.#refresh());
  }
}
