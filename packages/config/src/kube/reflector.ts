// Lists a collection of an API server and watches it from there, for ever: what it holds now, and each change.
import type { Clock, Dice, Logger } from '@meltemi/base';

import { isRecord } from '../document.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeError } from './kube-error.ts';
import { asKubeObject, type KubeObject } from './kube-object.ts';

/** Takes what the reflector finds. `replace` comes after each whole list, and only then. */
export interface ReflectorTarget<Item> {
  replace(items: readonly Item[]): void;
  put(item: Item): void;
  remove(item: Item): void;
}

export interface ReflectorOptions<Item> {
  readonly client: Pick<KubeClient, 'request' | 'watch'>;
  /** Of the collection: `/api/v1/pods`. */
  readonly path: string;
  /** What is asked of all requests: `{ fieldSelector: 'type!=x' }`. */
  readonly query?: Readonly<Record<string, string>>;
  /** Of an object, all that is kept; the rest is dropped as soon as it is read. */
  readonly keep: (object: KubeObject) => Item;
  readonly target: ReflectorTarget<Item>;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

const PAGE = 500;
/** The server ends a watch after so long, each at another moment. */
const WATCH_SECONDS = 300;

/** Objects of a list that was not read to its end are never delivered: no outage looks like an empty collection. */
export class Reflector<Item> {
  readonly #options: ReflectorOptions<Item>;
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  readonly #synced = Promise.withResolvers<void>();
  /** Where the next watch starts; undefined: a list is due. */
  #version: string | undefined;

  constructor(options: ReflectorOptions<Item>) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.dice);
    void this.#run();
  }

  /** Resolves when the first list was delivered. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  close(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list();
        await this.#watch(this.#version);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error);
      }
    }
  }

  /** Reads all pages, delivers them, and answers with the version to watch from. */
  async #list(): Promise<string> {
    const { keep, target } = this.#options;
    const items: Item[] = [];
    let next = '';
    for (;;) {
      const page = await this.#page(next);
      for (const object of page.objects) items.push(keep(object));
      next = page.next;
      if (next !== '') continue;
      target.replace(items);
      this.#synced.resolve();
      return page.version;
    }
  }

  async #page(next: string) {
    const { client, path, query } = this.#options;
    const words = new URLSearchParams({ ...query, limit: String(PAGE), ...(next !== '' && { continue: next }) });
    const request = { method: 'GET', path: `${path}?${words.toString()}`, signal: this.#abort.signal } as const;
    return readPage(path, await client.request(request));
  }

  async #watch(version: string): Promise<void> {
    const { client, path, dice, query } = this.#options;
    const words = new URLSearchParams({
      ...query,
      watch: 'true',
      resourceVersion: version,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + dice.roll()))),
    });
    let heard = false;
    for await (const event of client.watch(`${path}?${words.toString()}`, this.#abort.signal)) {
      this.#take(event);
      if (!heard) this.#backoff.reset();
      heard = true;
    }
    // A server that ends each watch at once is asked less and less often.
    if (!heard) await this.#backoff.wait(this.#abort.signal);
  }

  #take(event: unknown): void {
    const { keep, target } = this.#options;
    const { type, object } = isRecord(event) ? event : {};
    if (type === 'ERROR') throw watchError(this.#options.path, object);
    const value = asBookmarked(type, object);
    if (type === 'ADDED' || type === 'MODIFIED') target.put(keep(asKubeObject(value)));
    else if (type === 'DELETED') target.remove(keep(asKubeObject(value)));
    else if (type !== 'BOOKMARK') throw new KubeError('answer', `watch: unknown event ${JSON.stringify(type)}`);
    this.#version = value.metadata.resourceVersion ?? this.#version;
  }

  /** The watch goes on where it was if it can, else the collection is listed again. */
  async #recover(error: unknown): Promise<void> {
    const { logger, path } = this.#options;
    const lost = !(error instanceof KubeError && mayGoOn(error));
    if (lost) this.#version = undefined;
    logger.warn(`${path}: ${(error as Error).message}; ${lost ? 'listing' : 'asking'} again`);
    await this.#backoff.wait(this.#abort.signal);
  }
}

/** Where the server says that it will answer later, or says nothing, what it knew before it still knows. */
const FOR_NOW: ReadonlySet<number> = new Set([401, 403, 404, 429, 500, 502, 503]);

function mayGoOn({ code, status }: KubeError): boolean {
  return code === 'network' || (code === 'status' && FOR_NOW.has(status));
}

function asBookmarked(type: unknown, object: unknown): Pick<KubeObject, 'metadata'> {
  if (type !== 'BOOKMARK') return asKubeObject(object);
  const metadata = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {};
  return { metadata: metadata as KubeObject['metadata'] };
}

/** Throws KubeError `answer` for what is no list. */
function readPage(path: string, answer: unknown) {
  const metadata = isRecord(answer) ? answer['metadata'] : undefined;
  const items = isRecord(answer) ? (answer['items'] ?? []) : undefined;
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined;
  if (!isRecord(metadata) || !Array.isArray(items) || typeof version !== 'string' || version === '') {
    throw new KubeError('answer', `${path}: the answer is no list`);
  }
  const next = metadata['continue'];
  return { objects: items.map(asKubeObject), version, next: typeof next === 'string' ? next : '' };
}

/** A `Status` in place of an object ends a watch. */
function watchError(path: string, status: unknown): KubeError {
  const { code, message = 'an error' } = isRecord(status) ? status : {};
  const gone = code === 410;
  return new KubeError(gone ? 'gone' : 'status', `${path}: ${String(message)}`, { status: Number(code ?? 0) });
}
