// Writes of each resource in an API server what is wrong with it, where the server does not say so yet.
import type { Clock, Dice, Logger, Problem } from '@meltemi/base';

import { Backoff } from './backoff.ts';
import { objectPath, type ServedKind } from './collection-path.ts';
import { customKinds } from './custom-kinds.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeItem } from './kube-collection.ts';
import { KubeError } from './kube-error.ts';
import type { KubeStore } from './kube-store.ts';
import { statusToReport } from './resource-status.ts';

export interface StatusWriterOptions {
  readonly client: Pick<KubeClient, 'request'>;
  readonly store: KubeStore;
  /** Only one process of many writes. */
  readonly leads: () => boolean;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** One object, and what is wrong with it. */
interface Judged {
  readonly served: ServedKind;
  readonly item: KubeItem;
  readonly problems: readonly Problem[];
}

/** Statuses wait so long for further changes: they are for people. */
const HOLD_MS = 500;
/** Requests under way at once. */
const MOST = 8;

/** Looks again with each view of its store. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #watch: { close(): void };
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  #timer: { cancel(): void } | undefined;
  #running = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.dice);
    this.#watch = options.store.watch(() => this.refresh());
    this.refresh();
  }

  /** To be called when this process came to lead. */
  refresh(): void {
    if (this.#running || this.#abort.signal.aborted) return;
    this.#timer ??= this.#options.clock.after(HOLD_MS, () => void this.#run());
  }

  close(): void {
    this.#abort.abort();
    this.#timer?.cancel();
    this.#watch.close();
  }

  async #run(): Promise<void> {
    const { store, leads } = this.#options;
    this.#timer = undefined;
    if (!leads()) return;
    this.#running = true;
    const view = store.view();
    const good = await this.#writeAll(judgedObjects(store));
    if (good) this.#backoff.reset();
    else await this.#backoff.wait(this.#abort.signal);
    this.#running = false;
    if (!good || store.view() !== view) this.refresh();
  }

  async #writeAll(left: Judged[]): Promise<boolean> {
    let good = true;
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next && !this.#abort.signal.aborted; next = left.pop()) {
        if (!(await this.#write(next))) good = false;
      }
    };
    await Promise.all(Array.from({ length: MOST }, work));
    return good;
  }

  /** An object that went meanwhile is passed over. */
  async #write({ served, item, problems }: Judged): Promise<boolean> {
    const { client, clock, logger } = this.#options;
    const status = statusToReport(problems, item.generation, item.reported, new Date(clock.now()));
    if (!status) return true;
    const [namespace = '', name = ''] = item.key.split('/');
    const path = `${objectPath(served, { namespace, name })}/status`;
    try {
      await client.request({ method: 'PATCH', path, body: { status } });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return true;
      logger.warn(`status of ${item.key}: ${(error as Error).message}`);
      return false;
    }
  }
}

/** All objects of kinds of ours, those too that were never good. */
function judgedObjects(store: KubeStore): Judged[] {
  const problems = Map.groupBy(
    store.view().problems,
    ({ resource }) => resource && `${resource.kind}/${resource.namespace}/${resource.name}`,
  );
  return customKinds().flatMap(({ kind }) => {
    const served = store.served(kind);
    if (!served) return [];
    const items = [...store.items(kind).values()];
    return items.map((item) => ({ served, item, problems: problems.get(`${kind}/${item.key}`) ?? [] }));
  });
}
