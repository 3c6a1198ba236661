// The mesh's root, in a ConfigMap of each namespace: what pods verify the control plane by before they know anything else.
import type { Clock, Dice, Logger } from '@meltemi/base';

import { isRecord } from '../document.ts';
import { Backoff } from './backoff.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeStore } from './kube-store.ts';
import { Reflector } from './reflector.ts';

export interface RootConfigMapsOptions {
  readonly client: KubeClient;
  /** Says which namespaces there are. */
  readonly store: KubeStore;
  /** PEM, as it is now. */
  readonly roots: () => string;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** The name and the key under which pods mount it. */
export const ROOT_CONFIG_MAP = 'istio-ca-root-cert';
const KEY = 'root-cert.pem';
/** Namespaces of Kubernetes itself, where no workload of a mesh runs. */
const LEFT_ALONE: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
const ALL = '/api/v1/configmaps';

interface RootMap {
  readonly namespace: string;
  readonly pem: string;
}

/** Keeps them right until it is closed: new namespaces get one, and one that somebody changed or deleted comes back. */
export class RootConfigMaps {
  readonly #options: RootConfigMapsOptions;
  readonly #known = new Map<string, string>();
  readonly #abort = new AbortController();
  readonly #reflector: Reflector<RootMap>;
  readonly #watch: { close(): void };
  readonly #backoff: Backoff;
  #running = false;
  #again = false;

  constructor(options: RootConfigMapsOptions) {
    this.#options = options;
    const { client, store, clock, dice, logger } = options;
    this.#backoff = new Backoff(clock, dice);
    this.#reflector = new Reflector<RootMap>({
      client,
      clock,
      dice,
      logger,
      path: ALL,
      query: { fieldSelector: `metadata.name=${ROOT_CONFIG_MAP}` },
      keep: rootMap,
      target: {
        replace: (all) => {
          this.#known.clear();
          for (const { namespace, pem } of all) this.#known.set(namespace, pem);
          this.refresh();
        },
        put: ({ namespace, pem }) => {
          this.#known.set(namespace, pem);
          this.refresh();
        },
        remove: ({ namespace }) => {
          this.#known.delete(namespace);
          this.refresh();
        },
      },
    });
    this.#watch = store.watch(() => this.refresh());
  }

  /** To be called when the roots are others. */
  refresh(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  close(): void {
    this.#abort.abort();
    this.#watch.close();
    this.#reflector.close();
  }

  async #run(): Promise<void> {
    this.#running = true;
    await this.#reflector.synced;
    while (this.#again && !this.#abort.signal.aborted) {
      this.#again = false;
      await this.#writeAll();
    }
    this.#running = false;
  }

  /** What fails is tried again after a while: a namespace that is ending refuses until it is gone. */
  async #writeAll(): Promise<void> {
    const roots = this.#options.roots();
    const namespaces = this.#options.store.view().objects('Namespace');
    const wrong = namespaces.map(({ metadata }) => metadata.name).filter((name) => this.#known.get(name) !== roots);
    const written = await Promise.all(wrong.filter((name) => !LEFT_ALONE.has(name)).map((name) => this.#write(name)));
    if (!written.includes(false)) return this.#backoff.reset();
    this.#again = true;
    await this.#backoff.wait(this.#abort.signal);
  }

  async #write(namespace: string): Promise<boolean> {
    const { client, roots, logger } = this.#options;
    const pem = roots();
    const collection = `/api/v1/namespaces/${namespace}/configmaps`;
    const body = { metadata: { name: ROOT_CONFIG_MAP, labels: { 'istio.io/config': 'true' } }, data: { [KEY]: pem } };
    try {
      await (this.#known.has(namespace)
        ? client.request({ method: 'PATCH', path: `${collection}/${ROOT_CONFIG_MAP}`, body })
        : client.request({ method: 'POST', path: collection, body }));
      this.#known.set(namespace, pem);
      return true;
    } catch (error) {
      logger.warn(`root certificate of namespace ${namespace}: ${(error as Error).message}`);
      return false;
    }
  }
}

function rootMap({ metadata, data }: KubeObject): RootMap {
  const pem = isRecord(data) ? data[KEY] : undefined;
  return { namespace: metadata.namespace ?? '', pem: typeof pem === 'string' ? pem : '' };
}
